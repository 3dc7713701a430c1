"use strict";
// The page of `pipeline serve`: what its files share. Text from the server is only ever set as text, never as markup.

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

/// `body`: a Blob, which is then sent; else undefined.
async function ask(path, parameters = {}, {signal, body} = {}) {
  const response = await fetch(`${path}?${new URLSearchParams(parameters)}`, {signal, body, method: body ? "POST" : "GET"});
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error || response.statusText);
  return answer;
}

function debounced(act, pause_ms) {
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(act, pause_ms); };
}
