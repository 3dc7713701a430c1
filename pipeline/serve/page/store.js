"use strict";
// ---- the store's page

/// columns: [title, field or function of the row to text or nodes, "number"?]
function table(rows, columns, caption) {
  const head = element("tr", {}, ...columns.map(([title, , kind]) =>
      element("th", {scope: "col", textContent: title, className: kind || ""})));
  const body = rows.map((row) => element("tr", {}, ...columns.map(([, field, kind]) => {
    const value = typeof field === "function" ? field(row) : row[field];
    const cell = element("td", {className: kind || ""}, ...[value ?? ""].flat());
    if (field === "status") cell.className = /^(ok|imported)$/.test(value) ? "status-ok" : "status-bad";
    return cell;
  })));
  return element("table", {}, element("caption", {className: "skip", textContent: caption}),
      element("thead", {}, head), element("tbody", {}, ...body));
}

const nothing = (words) => element("p", {className: "soft", textContent: words});

async function show_store({name = "", from = "0"}) {
  fill($("store-name"), name);
  try {
    const store = await ask("api/store", {video: name, from});
    $("store-path").textContent = `${store.path}: ${store.searchable} searchable videos, ${store.windows} windows`;
    $("store-progress").replaceChildren(table(store.progress,
        [["Lane", "lane"], ["Recipe", (row) => row.recipe.slice(0, 12)], ["Status", "status"], ["Videos", "videos", "number"],
         ["Length", (row) => clock(row.video_seconds), "number"], ["Time spent", (row) => clock(row.work_seconds), "number"]],
        "Videos by lane, recipe and status"));
    const columns = [["Video", "video"], ["Lane", "lane"], ["Status", "status"], ["Rows", "feature_rows", "number"],
                     ["Length", (row) => clock(row.duration_s), "number"], ["Message", "message"]];
    $("store-failures").replaceChildren(store.failures.length ? table(store.failures, columns, "Failures") : nothing("None."));
    $("store-videos").replaceChildren(table(store.listed, columns, "Videos"));
    show_place(store);
  } catch (error) {
    $("store-path").textContent = error.message;
  }
}

/// "101–200 of 5321", and how to get to the others.
function show_place({from, count, listed}) {
  const kPage = 100;
  $("store-pages").hidden = count <= listed.length && from === 0;
  $("store-place").textContent = listed.length ? `${from + 1}–${from + listed.length} of ${count}` : `none of ${count}`;
  $("store-before").disabled = from === 0;
  $("store-after").disabled = from + listed.length >= count;
  $("store-before").onclick = () => visit({from: from > kPage ? from - kPage : ""});
  $("store-after").onclick = () => visit({from: from + kPage});
}

$("store-name").addEventListener("input", debounced(() => typed({name: $("store-name").value.trim(), from: ""}), 200));
