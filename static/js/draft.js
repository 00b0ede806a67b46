// <form data-draft="name">: what is typed survives a reload, an error and a lost connection. Kept on this device for 7 days,
// cleared when a page carries <meta name="draft-done" content="name"> (the server's word that it was accepted).
const PREFIX = "draft:";
const KEEP_MS = 7 * 24 * 3600 * 1000;
const SKIP = new Set(["password", "file", "hidden", "submit", "button"]);
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
  if (note) note.hidden = false;
  form.dispatchEvent(new CustomEvent("draft:restored", { bubbles: true }));
}

function start(form) {
  if (!store || form.dataset.draftOn) return;
  form.dataset.draftOn = "1";
  restore(form);
  let timer;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => save(form), 400);
  });
  form.addEventListener("submit", () => save(form));
  // The page may go before the pause in typing that usually saves.
  let dirty = false;
  form.addEventListener("input", () => { dirty = true; });
  window.addEventListener("pagehide", () => { if (dirty && form.isConnected) save(form); });
  form.querySelector("[data-draft-discard]")?.addEventListener("click", () => {
    store.removeItem(PREFIX + form.dataset.draft);
    clearTimeout(timer);
    dirty = false;
    form.reset();
    form.querySelector("[data-draft-note]").hidden = true;
  });
  // A fragment answer that replaced the form without errors was accepted.
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.target === form && event.detail.successful) {
      clearTimeout(timer);
      dirty = false;
      store.removeItem(PREFIX + form.dataset.draft);
    }
  });
}

const done = document.querySelector("meta[name='draft-done']");
if (done && store) store.removeItem(PREFIX + done.content);
const startAll = () => document.querySelectorAll("form[data-draft]").forEach(start);
startAll();
document.addEventListener("htmx:afterSettle", startAll);
