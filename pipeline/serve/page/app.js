"use strict";
// ---- which page is shown, and what it shows: what the address says

let title = document.title;
let drawn = {};  // the state that is shown

function show_address() {
  const state = address(), {video, t, ...under} = state;
  if (JSON.stringify(under) !== JSON.stringify(drawn)) show_page(under, under.page !== drawn.page);
  drawn = under;
  document.title = state.page === "search" && state.q ? `${state.q} – ${title}` : title;
  show_player({video, t});
}

function show_page(state, is_turned) {
  for (const name of kPages) $(name).hidden = name !== state.page;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.id === `to-${state.page}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (state.page === "search") {
    $("to-search").href = address_of(state);  // other pages lead back to these results
    show_search(state);
  }
  if (state.page === "store") show_store(state);
  if (state.page === "run") show_run(state);
  if (is_turned) $(state.page === "search" ? "query" : state.page).focus();
}

window.addEventListener("popstate", () => {
  typing = false;
  show_address();
});
ask("api/info").then((info) => {
  title = `${info.run}: video search`;
  $("run-name").textContent = info.run;
  show_start(info);
  takes_pictures = info.pictures;
  $("choose").hidden = $("picture-hint").hidden = !takes_pictures;
  show_address();
}, () => {});
show_address();
