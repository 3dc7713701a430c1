"use strict";
// The page of `pipeline serve`. Text from the server is only ever set as text, never as markup.

const $ = (id) => document.getElementById(id);

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

function clock(seconds) {
  const whole = Math.floor(seconds), pad = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

async function ask(path, parameters = {}, signal) {
  const response = await fetch(`${path}?${new URLSearchParams(parameters)}`, {signal});
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error || response.statusText);
  return answer;
}

// ---- search

let asking = null;  // the current request: a newer one aborts it
let shown = {};     // the answer that the page shows
let like = null;    // {video, at}: the results shall look like it, besides fitting the sentence

function filters() {
  const chosen = {top: $("filter-top").value};
  if ($("filter-name").value) chosen.video = $("filter-name").value;
  const [least, most] = $("filter-length").value.split("-");
  if (Number(least)) chosen.min_s = least;
  if (Number(most)) chosen.max_s = most;
  const active = ("video" in chosen) + ("min_s" in chosen || "max_s" in chosen);
  $("filters-on").textContent = active ? `(${active} on)` : "";
  return chosen;
}

async function search() {
  const sentence = $("query").value.trim();
  if (asking) asking.abort();
  if (!sentence && !like) {
    $("results").replaceChildren();
    $("status").textContent = "";
    return;
  }
  const mine = asking = new AbortController();
  const begun = performance.now();
  try {
    const answer = await ask("api/search",
        {q: sentence, ...(like ? {like: like.video, at: like.at.toFixed(2)} : {}), ...filters()}, mine.signal);
    shown = answer;
    show(answer, performance.now() - begun);
  } catch (error) {
    if (error.name === "AbortError") return;
    $("results").replaceChildren();
    $("status").textContent = `Search failed: ${error.message}`;
  }
}

function show(answer, took_ms) {
  const unknown = answer.unknown.length ? ` Unknown words: ${answer.unknown.join(", ")}.` : "";
  const count = answer.results.length;
  $("status").textContent = !answer.understood ? `None of the words are known to the model.${unknown}`
      : `${count} ${count === 1 ? "result" : "results"} of ${answer.videos} videos in ${Math.round(took_ms)} ms.${unknown}`;
  if (answer.note) say_once(`Note: ${answer.note}.`);
  const best = Math.max(...answer.results.map((hit) => hit.score), 0.001);
  $("results").replaceChildren(...answer.results.map((hit, i) => element("li", {}, card(hit, i, best))));
}

const moment = (hit) => hit.whole ? clock(hit.length) : `${clock(hit.start)}–${clock(hit.end)}`;
const middle = (hit) => (hit.start + hit.end) / 2;
const still = (video, at) => `thumbnail?${new URLSearchParams({video, at: at.toFixed(2)})}`;

function card(hit, i, best) {
  const picture = element("img", {src: still(hit.video, middle(hit)), alt: "", loading: "lazy"});
  picture.addEventListener("error", () => picture.replaceWith(element("span", {className: "none", textContent: "no preview"})));
  const span = element("span", {className: "span", textContent: moment(hit)});
  const filled = element("span");
  filled.style.width = `${Math.max(0, 100 * hit.score / best)}%`;
  const words = element("span", {className: "words"},
      element("span", {className: "name", textContent: hit.video}),
      element("span", {className: "bar"}, filled),
      element("span", {className: "soft", textContent: `score ${hit.score.toFixed(3)}`}));
  const button = element("button", {type: "button", className: "card"},
      element("span", {className: "picture"}, picture, span), words);
  button.dataset.index = i;
  const time = hit.whole ? `${Math.round(hit.length)} seconds` : `from ${clock(hit.start)} to ${clock(hit.end)}`;
  button.setAttribute("aria-label", `${i + 1}: ${hit.video}, ${time}, score ${hit.score.toFixed(3)}. Play`);
  button.addEventListener("click", () => play(hit));
  ask("api/media", {video: hit.video}).then((media) => {
    if (media.playable) return;
    button.title = media.reason;
    if (media.codec) words.append(element("span", {className: "note", textContent: `frames only: ${media.reason}`}));
    else say_once("Videos that were moved or deleted cannot be played; for some, still images were kept.");
  }, () => {});
  return button;
}

/// Adds to the line above the results, unless they say it already.
function say_once(sentence) {
  if (!$("status").textContent.includes(sentence)) $("status").textContent += ` ${sentence}`;
}

/// Searches for what looks like a moment of a video; null: for the sentence alone.
function search_like(moment_of) {
  like = moment_of;
  $("like").hidden = !like;
  if (like) $("like-what").textContent = `${like.video} at ${clock(like.at)}`;
  location.hash = "#/search";
  search();
  $("query").focus();
}

function debounced(act, pause_ms) {
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(act, pause_ms); };
}

function move(key) {
  const cards = [...document.querySelectorAll(".card")];
  const at = cards.indexOf(document.activeElement);
  if (at < 0) return false;
  const top = cards[0].getBoundingClientRect().top;
  const columns = Math.max(1, cards.filter((one) => Math.abs(one.getBoundingClientRect().top - top) < 2).length);
  const to = at + {ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns}[key];
  if (to < 0) $("query").focus();
  else cards[Math.min(to, cards.length - 1)].focus();
  return true;
}

document.addEventListener("keydown", (event) => {
  if ($("player").open || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
  if (event.key === "/" && !typing) {
    location.hash = "#/search";
    $("query").focus();
    $("query").select();
  } else if (event.key === "Escape" && !$("search").hidden) {
    if (document.activeElement === $("query")) { $("query").value = ""; search(); }
    else $("query").focus();
  } else if (event.key === "ArrowDown" && document.activeElement === $("query")) {
    const first = document.querySelector(".card");
    if (first) first.focus();
  } else if (!/^Arrow/.test(event.key) || typing || !move(event.key)) {
    return;
  }
  event.preventDefault();
});

// ---- player

let playing = null;

async function play(hit) {
  playing = hit;
  const video = $("video");
  $("player-title").textContent = hit.video;
  $("player-facts").textContent = hit.whole ? "" : `Best match: ${moment(hit)} of ${clock(hit.length)}.`;
  $("player-problem").hidden = $("stills").hidden = true;
  video.hidden = $("player-again").hidden = false;
  $("player").showModal();
  try {
    const media = await ask("api/media", {video: hit.video});
    if (playing !== hit) return;
    if (media.codec) $("player-facts").textContent += ` ${media.codec} in ${media.container}, ${media.width} × ${media.height}.`;
    if (!media.playable) return show_stills(hit, media.reason);
    video.src = `media?${new URLSearchParams({video: hit.video})}`;
  } catch (error) {
    if (playing === hit) show_stills(hit, error.message);
  }
}

function start_at_moment() {
  if (!playing) return;
  $("video").currentTime = playing.start;
  $("video").play().catch(() => {});  // the browser may require a click on the video's own play button
}

function show_stills(hit, reason) {
  $("video").hidden = $("player-again").hidden = true;
  $("video").removeAttribute("src");
  $("player-problem").textContent = `This video cannot be played in the browser: ${reason}. Frames of the best match:`;
  $("player-problem").hidden = $("stills").hidden = false;
  const count = 6, step = (hit.end - hit.start) / count;
  $("stills").replaceChildren(...Array.from({length: count}, (unused, i) => {
    const at = hit.start + (i + 0.5) * step;
    const picture = element("img", {src: still(hit.video, at), alt: `at ${clock(at)}`});
    picture.addEventListener("error", () => {
      picture.remove();
      if (!$("stills").children.length) $("player-problem").textContent = `This video cannot be played in the browser: ${reason}.`;
    });
    return picture;
  }));
}

$("video").addEventListener("loadedmetadata", start_at_moment);
$("video").addEventListener("error", () => {
  if (playing && $("video").getAttribute("src")) show_stills(playing, "this browser cannot decode the file");
});
$("player-again").addEventListener("click", start_at_moment);
$("player-like").addEventListener("click", () => {
  const {video, start, end} = playing;
  $("player").close();
  search_like({video, at: (start + end) / 2});
});
$("like-end").addEventListener("click", () => search_like(null));
$("player-close").addEventListener("click", () => $("player").close());
$("player").addEventListener("click", (event) => { if (event.target === $("player")) $("player").close(); });
$("player").addEventListener("close", () => {  // the browser returns the focus to the card
  playing = null;
  $("video").pause();
  $("video").removeAttribute("src");
  $("video").load();
});

// ---- store and run

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

async function show_store() {
  try {
    const store = await ask("api/store", {video: $("store-name").value});
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

const kSvg = "http://www.w3.org/2000/svg";
function svg(tag, attributes, text) {
  const made = document.createElementNS(kSvg, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/// points: [x, y], finite
function plot(title, points) {
  const width = 360, height = 220, left = 52, right = 12, top = 28, bottom = 26;
  const picture = svg("svg", {viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label":
      `${title}: from ${points[0][1].toPrecision(3)} to ${points[points.length - 1][1].toPrecision(3)} in ${points.length} epochs`});
  const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
  const x0 = Math.min(...xs), x1 = Math.max(...xs), y0 = Math.min(0, ...ys), y1 = Math.max(...ys);
  const x = (v) => left + (v - x0) / (x1 - x0 || 1) * (width - left - right);
  const y = (v) => height - bottom - (v - y0) / (y1 - y0 || 1) * (height - top - bottom);
  picture.append(svg("text", {class: "title", x: left, y: 16}, title));
  for (let i = 0; i <= 4; ++i) {
    const value = y0 + (y1 - y0) * i / 4;
    picture.append(svg("line", {class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value)}),
        svg("text", {x: left - 6, y: y(value) + 4, "text-anchor": "end"}, String(Number(value.toPrecision(3)))));
  }
  picture.append(svg("text", {x: left, y: height - 8}, `epoch ${x0}`),
      svg("text", {x: width - right, y: height - 8, "text-anchor": "end"}, String(x1)),
      svg("polyline", {class: "curve", points: points.map((p) => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`).join(" ")}));
  return picture;
}

async function show_run() {
  try {
    const run = await ask("api/run");
    $("run-path").textContent = run.path;
    $("run-report").hidden = !run.report;
    $("run-config").textContent = run.config;
    const rows = [];
    for (const [split, metrics] of Object.entries(run.metrics || {})) {
      for (const [way, name] of [["t2v", "text to video"], ["v2t", "video to text"]]) {
        if (metrics && metrics[way]) rows.push({name: `${split}, ${name}`, ...metrics[way]});
      }
    }
    const percent = (key) => [key, (row) => typeof row[key] === "number" ? row[key].toFixed(1) : "", "number"];
    $("run-metrics").replaceChildren(rows.length
        ? table(rows, [["", "name"], ...["R@1", "R@5", "R@10", "MedR", "MeanR"].map(percent), ["Queries", "queries", "number"]], "Retrieval metrics")
        : nothing("No metrics: the run has no test split."));
    const keys = new Set(run.history.flatMap((line) => Object.keys(line)));
    keys.delete("epoch");
    const plots = [];
    for (const key of keys) {
      const points = run.history.map((line) => [line.epoch, line[key]]).filter((p) => p.every(Number.isFinite));
      if (points.length > 1) plots.push(plot(key, points));
    }
    $("run-curves").replaceChildren(...plots);
    $("run-steps").hidden = !run.steps;
    if (run.steps) show_steps();
  } catch (error) {
    $("run-path").textContent = error.message;
  }
}

/// Buttons that play each step of a video at its second.
function steps_of(video) {
  const buttons = video.steps.map((step) => {
    const placed = step.second !== null;
    const found = step.hit === null ? "" : step.hit ? ", found" : ", missed";
    const button = element("button", {type: "button", disabled: !placed || !video.plays,
        className: step.hit === null ? "" : step.hit ? "status-ok" : "status-bad",
        textContent: `${step.name} ${placed ? clock(step.second) : "–"}`,
        title: placed ? `score ${step.score.toFixed(3)}${found}` : "the video is too short for all steps"});
    button.addEventListener("click", () => play({video: video.plays, start: step.second, end: step.second + 1,
        length: video.length, whole: false}));
    return element("li", {}, button);
  });
  return element("section", {}, element("h4", {textContent: video.task ? `${video.video}, task ${video.task}` : video.video}),
      element("ol", {className: "steps"}, ...buttons));
}

async function show_steps() {
  try {
    const answer = await ask("api/steps", {video: $("steps-name").value});
    const shown = answer.videos.length;
    $("steps-status").textContent = `${answer.count} videos${shown < answer.count ? `, the first ${shown} are shown` : ""}.`;
    $("steps-videos").replaceChildren(...answer.videos.map(steps_of));
  } catch (error) {
    $("steps-videos").replaceChildren();
    $("steps-status").textContent = error.message;
  }
}

// ---- pages

function turn_page() {
  const page = ["store", "run"].find((name) => location.hash === `#/${name}`) || "search";
  for (const name of ["search", "store", "run"]) $(name).hidden = name !== page;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#/${page}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (page === "store") show_store();
  if (page === "run") show_run();
  if (page === "search") $("query").focus();
  else $(page).focus();
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const first = document.querySelector(".card");
  if (first && shown.query === $("query").value.trim()) first.click();
  else search();
});
$("query").addEventListener("input", debounced(search, 150));
for (const id of ["filter-name", "filter-length", "filter-top"]) $(id).addEventListener("input", debounced(search, 150));
$("store-name").addEventListener("input", debounced(show_store, 200));
$("steps-name").addEventListener("input", debounced(show_steps, 200));
window.addEventListener("hashchange", turn_page);
ask("api/info").then((info) => {
  document.title = `${info.run}: video search`;
  $("run-name").textContent = info.run;
}, () => {});
turn_page();
