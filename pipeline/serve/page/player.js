"use strict";
// ---- the player: a dialog over any page, whose address says video=VIDEO and t=SECONDS

let playing = null;  // {video, t}, then also what the server knows of that moment: start, end, length, whole

const play = (video, t) => visit({video, t}, {opened_here: true});

function show_player({video, t}) {
  if (!video) return $("player").close();
  const wanted = {video, t: Number(t) || 0};
  if (playing && playing.video === wanted.video && playing.t === wanted.t) return;
  open_player(wanted);
}

async function open_player(wanted) {
  playing = wanted;
  $("player-title").textContent = wanted.video;
  $("player-facts").textContent = "";
  $("player-problem").hidden = $("stills").hidden = true;
  $("video").removeAttribute("src");
  $("video").hidden = $("player-again").hidden = false;
  if (!$("player").open) $("player").showModal();
  try {
    const media = await ask("api/media", {video: wanted.video, at: wanted.t});
    if (playing !== wanted) return;
    const {start, end, length, whole} = media;
    Object.assign(wanted, {start, end, length, whole});
    const facts = whole ? [] : [`Best match: ${moment(wanted)} of ${clock(length)}.`];
    if (media.codec) facts.push(`${media.codec} in ${media.container}, ${media.width} × ${media.height}.`);
    $("player-facts").textContent = facts.join(" ");
    if (!media.playable) return show_stills(wanted, media.reason);
    $("video").src = `media?${new URLSearchParams({video: wanted.video})}`;
  } catch (error) {
    if (playing === wanted) show_problem(error.message);
  }
}

function start_at_moment() {
  if (!playing) return;
  $("video").currentTime = playing.t;
  $("video").play().catch(() => {});  // the browser may require a click on the video's own play button
}

function show_problem(reason, more = "") {
  $("video").hidden = $("player-again").hidden = true;
  $("video").removeAttribute("src");
  $("player-problem").textContent = `This video cannot be played in the browser: ${reason}.${more}`;
  $("player-problem").hidden = false;
}

function show_stills(moment_of, reason) {
  show_problem(reason, " Frames of the best match:");
  $("stills").hidden = false;
  const count = 6, step = (moment_of.end - moment_of.start) / count;
  $("stills").replaceChildren(...Array.from({length: count}, (unused, i) => {
    const at = moment_of.start + (i + 0.5) * step;
    const picture = element("img", {src: still(moment_of.video, at), alt: `at ${clock(at)}`});
    picture.addEventListener("error", () => {
      picture.remove();
      if (!$("stills").children.length) show_problem(reason);
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
  const {video, t, start = t, end = t} = playing;
  visit({page: "search", video: "", t: "", like: video, at: ((start + end) / 2).toFixed(2)});
  $("query").focus();
});
$("player-close").addEventListener("click", () => $("player").close());
$("player").addEventListener("click", (event) => { if (event.target === $("player")) $("player").close(); });
$("player").addEventListener("close", () => {  // the browser returns the focus to the card
  playing = null;
  $("video").pause();
  $("video").removeAttribute("src");
  $("video").load();
  if (!address().video) return;  // it was closed by going back
  if (history.state && history.state.opened_here) history.back();
  else amend({video: "", t: ""});
});
