"use strict";
// ---- the player: a dialog over any page, whose address says video=VIDEO and t=SECONDS

let playing = null;  // {video, t}, then also what the server knows of that moment: start, end, length, whole

/// Whether this browser plays what the server gives of a file (api/media).
const plays = (media) => media.playable && $("video").canPlayType(media.mime) !== "";
const why_not = (media) => media.playable ? `this browser does not play ${media.codec}` : media.reason;

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
  $("player-facts").textContent = $("player-note").textContent = "";
  $("stills").hidden = $("player-path").hidden = $("player-cut").hidden = true;
  $("video").removeAttribute("src");
  $("video").hidden = $("player-again").hidden = false;
  if (!$("player").open) $("player").showModal();
  try {
    const media = await ask("api/media", {video: wanted.video, at: wanted.t});
    if (playing !== wanted) return;
    show_media(wanted, media);
  } catch (error) {
    if (playing === wanted) show_no_video(`This moment cannot be shown: ${error.message}.`);
  }
}

function show_media(wanted, media) {
  const {start, end, length, whole} = media;
  Object.assign(wanted, {start, end, length, whole, media});
  const facts = whole ? [] : [`Best match: ${moment(wanted)} of ${clock(length)}.`];
  if (media.codec) facts.push(`${media.codec} in ${media.container}, ${media.width} × ${media.height}.`);
  $("player-facts").textContent = facts.join(" ");
  $("player-path").hidden = $("player-cut").hidden = !media.codec;
  $("player-cut").href = `cut?${new URLSearchParams({video: wanted.video, start, end})}`;
  $("player-file").textContent = media.path;
  $("player-copy").textContent = "Copy path";
  if (!plays(media)) return show_stills(wanted, why_not(media));
  if (media.remuxed) $("player-note").textContent = "Preparing the video for the browser…";
  $("video").src = `media?${new URLSearchParams({video: wanted.video})}`;
}

function start_at_moment() {
  if (!playing) return;
  const lost = playing.media && playing.media.lost_sound;
  $("player-note").textContent = lost ? `Without its sound: browsers do not play ${lost}.` : "";
  $("video").currentTime = playing.t;
  $("video").play().catch(() => {});  // the browser may require a click on the video's own play button
}

function show_no_video(words) {
  $("video").hidden = $("player-again").hidden = true;
  $("video").removeAttribute("src");
  $("player-note").textContent = words;
}

function show_stills(wanted, reason) {
  show_no_video(`Frames of the moment; it cannot be played here: ${reason}.`);
  $("stills").hidden = false;
  const count = 6, step = (wanted.end - wanted.start) / count;
  $("stills").replaceChildren(...Array.from({length: count}, (unused, i) => {
    const at = wanted.start + (i + 0.5) * step;
    const picture = element("img", {src: still(wanted.video, at), alt: `at ${clock(at)}`});
    picture.addEventListener("error", () => {
      picture.remove();
      if (!$("stills").children.length) show_no_video(`It cannot be played here: ${reason}.`);
    });
    return picture;
  }));
}

async function copy_path() {
  const range = document.createRange();
  range.selectNodeContents($("player-file"));
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  try {
    await navigator.clipboard.writeText($("player-file").textContent);
    $("player-copy").textContent = "Copied";
  } catch {  // not over plain HTTP from another machine: it is selected, at least
    $("player-copy").textContent = "Selected: press Ctrl+C";
  }
}

$("video").addEventListener("loadedmetadata", start_at_moment);
$("video").addEventListener("error", () => {
  if (playing && $("video").getAttribute("src")) show_stills(playing, "the browser cannot decode the file");
});
$("player-copy").addEventListener("click", copy_path);
$("player-again").addEventListener("click", start_at_moment);
$("player-like").addEventListener("click", () => {
  const {video, t, start = t, end = t} = playing;
  visit({page: "search", video: "", t: "", picture: "", like: video, at: ((start + end) / 2).toFixed(2)});
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
