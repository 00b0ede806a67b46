// Ctrl+K: everything by name. What the page itself offers (its actions, the pages of the rail, anything marked data-palette) is
// matched here at once, from what stands on the page, so that nobody finds what they may not do; the rest is asked of the server.
const RECENT = "recent-tickets";
const WAIT_MS = 150;
const dialog = document.getElementById("palette");
const input = dialog.querySelector("input");
const list = document.getElementById("palette-list");
const none = dialog.querySelector(".palette-none");
const options = () => [...list.querySelectorAll("[role=option]")];
let timer = null;
let asked = null; // the answer that is awaited

function recent() {
  try { return JSON.parse(localStorage.getItem(RECENT)) ?? []; } catch { return []; }
}

const here = location.pathname.match(/\/tickets\/(T\d+)\//)?.[1];
if (here) {
  try { localStorage.setItem(RECENT, JSON.stringify([here, ...recent().filter((one) => one !== here)].slice(0, 9))); } catch { /* private mode */ }
}

// 2: the words as typed; 1: its letters in this order; 0: not at all.
function likeness(name, typed) {
  const [text, sought] = [name.toLowerCase(), typed.toLowerCase().replace(/\s+/g, "")];
  if (text.replace(/\s+/g, "").includes(sought)) return 2;
  let at = -1;
  return sought.length > 1 && [...sought].every((letter) => (at = text.indexOf(letter, at + 1)) >= 0) ? 1 : 0;
}

function commands(selector) {
  const seen = new Map();
  for (const element of document.querySelectorAll(selector)) {
    const name = (element.dataset.palette || element.querySelector("span")?.textContent || element.textContent).trim();
    if (name && !seen.has(name)) seen.set(name, element);
  }
  return [...seen];
}

function group(label, found) {
  if (!found.length) return [];
  const box = document.createElement("div");
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", label);
  const head = document.createElement("div");
  head.className = "palette-label";
  head.textContent = label;
  box.append(head);
  for (const [name, element] of found) {
    const hit = document.getElementById("palette-hit").content.firstElementChild.cloneNode(true);
    const drawn = element.querySelector("use")?.getAttribute("href");
    if (drawn) hit.querySelector("use").setAttribute("href", drawn);
    hit.querySelector(".palette-name").textContent = name;
    if (element.matches("a[href]")) hit.href = element.href;
    hit.command = element;
    box.append(hit);
  }
  return [box];
}

function local(typed, level) {
  const fits = ([name]) => (typed ? likeness(name, typed) === level : level === 2);
  const actions = commands("#ticket-head .ticket-buttons :is(a, button), #bulk[data-on] [data-dialog], [data-palette]").filter(fits);
  const pages = commands(".rail a.rail-link").filter(fits);
  return [...group(dialog.dataset.here, actions), ...group(dialog.dataset.pages, pages)];
}

function choose(option) {
  for (const one of options()) one.setAttribute("aria-selected", String(one === option));
  if (option) input.setAttribute("aria-activedescendant", option.id);
  else input.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

// `served` are the server's groups; the best matches of the page come first, those that only have the letters last.
function show(served, typed) {
  const [strong, weak] = [local(typed, 2), typed ? local(typed, 1) : []];
  list.replaceChildren(...(typed ? [...strong, ...served, ...weak] : [...served, ...strong]));
  options().forEach((one, at) => { one.id = `palette-option-${at}`; });
  choose(options()[0]);
}

async function ask(typed) {
  asked?.abort();
  const mine = (asked = new AbortController());
  const address = new URL(dialog.dataset.source, location.href);
  if (typed) address.searchParams.set("q", typed);
  else address.searchParams.set("recent", recent().filter((one) => one !== here).slice(0, 8).join(","));
  list.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { signal: mine.signal });
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    const part = document.createElement("template");
    part.innerHTML = await answer.text();
    show([...part.content.children], typed);
    none.textContent = options().length ? "" : dialog.dataset.nothing;
  } catch (problem) {
    if (mine.signal.aborted) return; // a newer question is on its way
    none.textContent = dialog.dataset.offline;
  }
  list.removeAttribute("aria-busy");
}

function sought() {
  const typed = input.value.trim();
  none.textContent = "";
  clearTimeout(timer);
  asked?.abort();
  show([], typed);
  timer = setTimeout(() => ask(typed), typed ? WAIT_MS : 0);
}

function open() {
  if (document.querySelector("dialog[open]")) return;
  dialog.showModal();
}

function go(option) {
  const { command } = option;
  if (!command) return;
  dialog.close();
  command.closest("details.menu")?.removeAttribute("open");
  command.click();
}

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (dialog.open) dialog.close();
  else open();
});
// Opened by its button or by the key: it begins anew.
new MutationObserver(() => {
  if (!dialog.open) return asked?.abort();
  input.value = "";
  input.focus();
  sought();
}).observe(dialog, { attributeFilter: ["open"] });

// While a word is being composed (Chinese input methods) its letters are no question yet.
input.addEventListener("input", (event) => { if (!event.isComposing) sought(); });
input.addEventListener("compositionend", sought);
input.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  const all = options();
  const at = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
  const to = { ArrowDown: (at + 1) % all.length, ArrowUp: (at - 1 + all.length) % all.length, PageDown: all.length - 1, PageUp: 0 }[event.key];
  if (to !== undefined && all.length) {
    event.preventDefault();
    choose(all[to]);
  } else if (event.key === "Enter") {
    event.preventDefault();
    all[at]?.click();
  }
});
list.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (!option?.command || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  go(option);
});
list.addEventListener("pointermove", (event) => {
  const option = event.target.closest("[role=option]");
  if (option && option.getAttribute("aria-selected") !== "true") choose(option);
});
