"use strict";
// ---- what there is before a search: how much, sentences to try, the newest videos

const plural = (count, one) => `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;

function length_in_words(seconds) {
  if (seconds < 120) return plural(Math.round(seconds), "second");
  if (seconds < 7200) return plural(Math.round(seconds / 60), "minute");
  return plural(Math.round(seconds / 3600), "hour");
}

function show_start(info) {
  $("start-sizes").textContent = `${plural(info.videos, "video")}, ${length_in_words(info.seconds)} in all.`;
  $("start-try").hidden = !info.sentences.length;
  $("start-sentences").replaceChildren(...info.sentences.map((sentence) => {
    const button = element("button", {type: "button", textContent: sentence});
    button.addEventListener("click", () => {
      visit({q: sentence});
      $("query").focus();
    });
    return element("li", {}, button);
  }));
  $("start-newest").hidden = !info.newest.length;
  $("newest").replaceChildren(...info.newest.map((video) => element("li", {}, card(video))));
  $("banner").hidden = !info.random_weights;
  $("banner").textContent = `Note: ${info.random_weights}.`;
}
