"use strict";
// What the page shows is in its address, so that it can be shared, kept, reloaded and gone back to:
// #/search?q=WORDS&video=VIDEO&t=SECONDS. Whatever the user does changes the address; the pages show what it says.

const kPages = ["search", "store", "run"];

/// {page: "search", q: "a dog", ...} of the address.
function address() {
  const [, page, parameters] = location.hash.match(/^#?\/?([^?]*)\??(.*)$/s);
  return {...Object.fromEntries(new URLSearchParams(parameters)), page: kPages.includes(page) ? page : "search"};
}

/// The address of a state, without what is empty.
function address_of({page, ...parameters}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== "").sort();
  return `#/${page}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
}

let typing = false;  // the newest entry of the history is of text that is being typed

/// Goes on to another state; Back returns to this one. `mark`: what history.state is then.
function visit(change, mark = null) {
  typing = false;
  history.pushState(mark, "", address_of({...address(), ...change}));
  show_address();
}

/// Puts another state in the place of this one.
function amend(change) {
  history.replaceState(history.state, "", address_of({...address(), ...change}));
  show_address();
}

/// For fields: all that is typed until something else happens is one step of the history.
function typed(change) {
  if (address_of({...address(), ...change}) === address_of(address())) return;
  if (typing) return amend(change);
  visit(change);
  typing = true;
}

/// Shows in a field what the address says, unless it is being typed there.
function fill(field, text = "") {
  if (field.value.trim() !== text) field.value = text;
}
