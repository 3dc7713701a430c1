"use strict";
// ---- the search page: a sentence in, videos out

let asking = null;    // the current request: a newer one aborts it
let asked = null;     // what the results on the page answer
let shown = {};       // the answer that the page shows
const kAtOnce = 24;   // further results come when one scrolls to the end
const kMost = 480;

/// What to ask the server for a state of the page.
function question_of(state) {
  const question = {q: state.q || "", top: kAtOnce};
  if (state.picture) question.picture = state.picture;
  else if (state.like) Object.assign(question, {like: state.like, at: state.at || "0"});
  if (state.name) question.video = state.name;
  const [least, most] = (state.length || "").split("-");
  if (Number(least)) question.min_s = least;
  if (Number(most)) question.max_s = most;
  return question;
}

function show_search(state) {
  fill($("query"), state.q);
  fill($("filter-name"), state.name);
  $("filter-length").value = state.length || "";
  const active = Boolean(state.name) + Boolean(state.length);
  $("filters-on").textContent = active ? `(${active} on)` : "";
  const picture = pictures[state.picture - 1], at = Number(state.at) || 0;
  $("like").hidden = !picture && !state.like;
  if (picture || state.like) {
    $("like-what").textContent = picture ? picture.name : `${state.like} at ${clock(at)}`;
    $("like-picture").hidden = false;
    $("like-picture").src = picture ? picture.url : still(state.like, at);
  }
  search(question_of(state));
}

async function search(question) {
  const wanted = JSON.stringify(question);
  if (wanted === asked) return;
  asked = wanted;
  if (asking) asking.abort();
  const {picture, ...words} = question, body = picture && pictures[picture - 1];
  if (picture && !body) {
    $("results").replaceChildren();
    $("status").textContent = "A picture is not kept when the page is loaded anew: drop it again.";
    return;
  }
  $("start").hidden = Boolean(question.q || question.like || body);
  $("more").hidden = true;
  if (!$("start").hidden) {
    shown = {};
    $("results").replaceChildren();
    $("status").textContent = "";
    return;
  }
  const mine = asking = new AbortController();
  const begun = performance.now();
  try {
    const answer = await ask("api/search", words, {signal: mine.signal, body: body && body.sent});
    shown = {...answer, words, body};
    show_answer(answer, performance.now() - begun);
  } catch (error) {
    if (error.name === "AbortError") return;
    asked = null;  // may be asked again
    $("results").replaceChildren();
    $("status").textContent = `Search failed: ${error.message}`;
  }
}

function show_answer(answer, took_ms) {
  const unknown = answer.unknown.length ? ` Unknown words: ${answer.unknown.join(", ")}.` : "";
  const count = answer.results.length, is_all = count < kAtOnce;
  $("status").textContent = !answer.understood ? `None of the words are known to the model.${unknown}`
      : `${is_all ? "" : "The best "}${count} ${count === 1 ? "result" : "results"} of ${answer.videos} videos in ${Math.round(took_ms)} ms.${unknown}`;
  if (answer.note) say_once(`Note: ${answer.note}.`);
  if (count && answer.results[0].score < answer.weak_below)
    say_once("All matches are weak: no better than wrong videos of the test captions.");
  $("results").replaceChildren();
  append(answer);
  $("more").hidden = is_all;
}

/// Adds the cards of the results that are not shown yet.
function append(answer) {
  const have = $("results").children.length, best = Math.max(...answer.results.map((hit) => hit.score), 0.001);
  $("results").append(...answer.results.slice(have).map((hit, i) => element("li", {}, card(hit, {
    index: have + i, share: Math.max(0, hit.score / best), weak: hit.score < answer.weak_below}))));
}

let asking_more = false;
async function show_more() {
  const have = $("results").children.length, {words, body} = shown;
  if (asking_more || $("more").hidden || !words) return;
  asking_more = true;
  try {
    const answer = await ask("api/search", {...words, top: have + kAtOnce}, {body: body && body.sent});
    if (shown.words !== words) return;
    append(answer);
    const count = answer.results.length;
    $("more").hidden = count < have + kAtOnce || count >= kMost;
  } catch {
    $("more").hidden = true;
  } finally {
    asking_more = false;
  }
}
const sentinel = new IntersectionObserver((entries) => { if (entries.some((one) => one.isIntersecting)) show_more(); },
    {rootMargin: "600px"});
sentinel.observe($("more"));

const moment = (hit) => hit.whole ? clock(hit.length) : `${clock(hit.start)}–${clock(hit.end)}`;
const middle = (hit) => (hit.start + hit.end) / 2;
const still = (video, at) => `thumbnail?${new URLSearchParams({video, at: at.toFixed(2)})}`;

/// `place`: of a result, {index, share of the best score, weak}; without it a video as such.
function card(hit, place) {
  const picture = element("img", {src: still(hit.video, middle(hit)), alt: "", loading: "lazy"});
  picture.addEventListener("error", () => picture.replaceWith(element("span", {className: "none", textContent: "no preview"})));
  const words = element("span", {className: "words"}, element("span", {className: "name", textContent: hit.video}));
  if (hit.captions.length) words.append(element("span", {className: "caption soft", textContent: hit.captions.join(" · ")}));
  if (hit.line) words.append(element("span", {className: "caption soft", textContent: `“${hit.line.text}” at ${clock(hit.line.start)}`}));
  const time = hit.whole ? `${Math.round(hit.length)} seconds` : `from ${clock(hit.start)} to ${clock(hit.end)}`;
  let label = `${hit.video}, ${time}. Play`;
  if (place) {
    const filled = element("span"), weak = place.weak ? ", weak match" : "";
    filled.style.width = `${100 * place.share}%`;
    words.append(element("span", {className: "bar"}, filled),
        element("span", {className: "soft", textContent: `${place.weak ? "weak match," : "score"} ${hit.score.toFixed(3)}`}));
    label = `${place.index + 1}: ${hit.video}, ${time}, score ${hit.score.toFixed(3)}${weak}. Play`;
  }
  const button = element("button", {type: "button", className: place && place.weak ? "card weak" : "card"},
      element("span", {className: "picture"}, picture, element("span", {className: "span", textContent: moment(hit)})), words);
  if (place) button.dataset.index = place.index;
  button.setAttribute("aria-label", label);
  button.addEventListener("click", () => play(hit.video, hit.start));
  ask("api/media", {video: hit.video}).then((media) => {
    if (plays(media)) return;
    button.title = why_not(media);
    if (media.codec) words.append(element("span", {className: "note soft", textContent: "still frames only"}));
    else say_once("Files that are not there cannot be played; pipeline serve --videos FOLDER names where they are.");
  }, () => {});
  return button;
}

/// Adds to the line above the results, unless they say it already.
function say_once(sentence) {
  if (!$("status").textContent.includes(sentence)) $("status").textContent += ` ${sentence}`;
}

/// The focus goes to the card in this direction; false: it is on none.
function move(key) {
  const cards = [...document.querySelectorAll(".card")].filter((one) => one.checkVisibility());
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
  const in_field = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
  if (event.key === "/" && !in_field) {
    if (address().page !== "search") location.hash = $("to-search").hash;
    $("query").focus();
    $("query").select();
  } else if (event.key === "Escape" && !$("search").hidden) {
    if (document.activeElement === $("query")) { $("query").value = ""; visit({q: ""}); }
    else $("query").focus();
  } else if (event.key === "ArrowDown" && document.activeElement === $("query")) {
    const first = [...document.querySelectorAll(".card")].find((one) => one.checkVisibility());
    if (first) first.focus();
  } else if (!/^Arrow/.test(event.key) || in_field || !move(event.key)) {
    return;
  }
  event.preventDefault();
});

const read_fields = () => typed({q: $("query").value.trim(), name: $("filter-name").value.trim(),
    length: $("filter-length").value});
$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const first = document.querySelector("#results .card");
  if (first && shown.query === $("query").value.trim()) first.click();
  else read_fields();
});
for (const id of ["query", "filter-name", "filter-length"])
  $(id).addEventListener("input", debounced(read_fields, 150));
$("query").addEventListener("change", () => { typing = false; });
$("like-end").addEventListener("click", () => {
  visit({like: "", at: "", picture: ""});
  $("query").focus();
});
$("like-picture").addEventListener("error", () => { $("like-picture").hidden = true; });
