// <form data-draft="name">: what is typed survives a reload, an error, a lost connection and a closed dialog. Kept on this
// device for 7 days, cleared by the server's word that it was accepted: <meta name="draft-done" content="name">, or
// [data-draft-done="name …"] beside a message.
const PREFIX = "draft:";
const KEEP_MS = 7 * 24 * 3600 * 1000;
const SKIP = new Set(["password", "file", "hidden", "submit", "button"]);
const unsaved = new WeakMap(); // form → the timer of what was typed and not saved yet
let store;
try { store = window.localStorage; } catch { store = null; }

const fields = (form) => [...form.elements].filter((item) => item.name && !SKIP.has(item.type) && !("noDraft" in item.dataset));

function read(name) {
  try {
    const kept = JSON.parse(store.getItem(PREFIX + name));
    return kept && Date.now() - kept.at < KEEP_MS ? kept : null;
  } catch { return null; }
}

function save(form) {
  clearTimeout(unsaved.get(form));
  unsaved.delete(form);
  const values = {};
  for (const item of fields(form)) {
    if (item.type === "radio" || item.type === "checkbox") {
      if (item.checked) (values[item.name] ??= []).push(item.value);
    } else if (item.value) values[item.name] = [item.value];
  }
  try {
    if (Object.keys(values).length) store.setItem(PREFIX + form.dataset.draft, JSON.stringify({ at: Date.now(), values }));
    else store.removeItem(PREFIX + form.dataset.draft);
  } catch { /* full or forbidden: the form works without */ }
}

function forget(form) {
  clearTimeout(unsaved.get(form));
  unsaved.delete(form);
  store.removeItem(PREFIX + form.dataset.draft);
}

function flush(form) {
  if (!unsaved.has(form)) return;
  clearTimeout(unsaved.get(form));
  unsaved.delete(form);
  // News may have put another form in its place meanwhile and moved the field with the words there (hx-preserve). One
  // that did not get its words back yet must not be taken for one that was emptied.
  const present = form.isConnected ? form : document.querySelector(`form[data-draft="${form.dataset.draft}"][data-draft-on]`);
  if (present) save(present);
}

function restore(form) {
  const kept = read(form.dataset.draft);
  // A form that came back with errors carries the newer words itself.
  if (!kept || form.querySelector("[aria-invalid='true']")) return;
  let touched = false;
  for (const item of fields(form)) {
    const values = kept.values[item.name];
    if (!values) continue;
    if (item.type === "radio" || item.type === "checkbox") {
      const want = values.includes(item.value);
      touched ||= item.checked !== want;
      item.checked = want;
    } else if (!item.value) {
      item.value = values[0];
      touched = true;
    }
  }
  if (!touched) return;
  const note = form.querySelector("[data-draft-note]");
  if (note) {
    note.hidden = false;
    const folded = note.closest("details");
    if (folded) folded.open = true;
  }
  form.dispatchEvent(new CustomEvent("draft:restored", { bubbles: true }));
}

function start(form) {
  if (!store || form.dataset.draftOn) return;
  form.dataset.draftOn = "1";
  restore(form);
  form.addEventListener("input", () => {
    clearTimeout(unsaved.get(form));
    unsaved.set(form, setTimeout(() => flush(form), 400));
  });
  form.addEventListener("submit", () => save(form));
  // The page may go before the pause in typing that usually saves.
  window.addEventListener("pagehide", () => flush(form));
  form.querySelector("[data-draft-discard]")?.addEventListener("click", () => {
    forget(form);
    form.reset();
    form.querySelector("[data-draft-note]").hidden = true;
  });
  // A fragment answer without errors was accepted. Heard before its form comes in, which would take the draft up again.
  form.addEventListener("htmx:beforeOnLoad", (event) => {
    const status = event.detail.xhr.status;
    if (event.target === form && status >= 200 && status < 300) forget(form);
  });
}

const done = [...document.querySelectorAll("meta[name='draft-done'], [data-draft-done]")];
const names = done.flatMap((mark) => (mark.content || mark.dataset.draftDone).split(" "));
if (store) names.forEach((name) => store.removeItem(PREFIX + name));
const startAll = () => document.querySelectorAll("form[data-draft]").forEach(start);
startAll();
document.addEventListener("htmx:afterSettle", startAll);
// Before anybody else hears of it: a dialog may throw its form away when it closes.
document.addEventListener("close", (event) => event.target.querySelectorAll?.("form[data-draft]").forEach(flush), true);
