"use strict";
// ---- the store's page

/// columns: [title, field or function, "number"?]
function table(rows, columns, caption) {
  const head = element("tr", {}, ...columns.map(([title, , kind]) =>
      element("th", {scope: "col", textContent: title, className: kind || ""})));
  const body = rows.map((row) => element("tr", {}, ...columns.map(([, field, kind]) => {
    const value = typeof field === "function" ? field(row) : row[field];
    const cell = element("td", {textContent: value ?? "", className: kind || ""});
    if (field === "status") cell.className = /^(ok|imported)$/.test(value) ? "status-ok" : "status-bad";
    return cell;
  })));
  return element("table", {}, element("caption", {className: "skip", textContent: caption}),
      element("thead", {}, head), element("tbody", {}, ...body));
}

const nothing = (words) => element("p", {className: "soft", textContent: words});

async function show_store({name = ""}) {
  fill($("store-name"), name);
  try {
    const store = await ask("api/store", {video: name});
    $("store-path").textContent = `${store.path}: ${store.searchable} searchable videos, ${store.windows} windows`;
    $("store-progress").replaceChildren(table(store.progress,
        [["Lane", "lane"], ["Recipe", (row) => row.recipe.slice(0, 12)], ["Status", "status"], ["Videos", "videos", "number"],
         ["Length", (row) => clock(row.video_seconds), "number"], ["Time spent", (row) => clock(row.work_seconds), "number"]],
        "Videos by lane, recipe and status"));
    const columns = [["Video", "video"], ["Lane", "lane"], ["Status", "status"], ["Rows", "feature_rows", "number"],
                     ["Length", (row) => clock(row.duration_s), "number"], ["Message", "message"]];
    $("store-failures").replaceChildren(store.failures.length ? table(store.failures, columns, "Failures") : nothing("None."));
    $("store-videos").replaceChildren(table(store.listed, columns, "Videos"));
    if (store.more) $("store-videos").append(nothing(`Only the first ${store.listed.length} are shown; filter by name to see others.`));
  } catch (error) {
    $("store-path").textContent = error.message;
  }
}

$("store-name").addEventListener("input", debounced(() => typed({name: $("store-name").value.trim()}), 200));
