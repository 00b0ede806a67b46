// <form data-draft="name">: what is typed survives a reload, an error, a lost connection and a closed dialog. Kept on this
// device for 7 days, cleared by the server's word that it was accepted: <meta name="draft-done" content="name">, or
// [data-draft-done="name …"] beside a message.
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

// The server's clock, where the page says it: two devices can then be compared.
const now = (form) => Date.now() + Number(form.dataset.draftAhead ?? 0);

function save(form) {
  const values = {};
  for (const item of fields(form)) {
    if (item.type === "radio" || item.type === "checkbox") {
      if (item.checked) (values[item.name] ??= []).push(item.value);
    } else if (item.value) values[item.name] = [item.value];
  }
  try {
    if (Object.keys(values).length) store.setItem(PREFIX + form.dataset.draft, JSON.stringify({ at: now(form), base: form.dataset.draftAt, values }));
    else store.removeItem(PREFIX + form.dataset.draft);
  } catch { /* full or forbidden: the form works without */ }
}

function forget(form) {
  store.removeItem(PREFIX + form.dataset.draft);
}

function restore(form) {
  const kept = read(form.dataset.draft);
  // A form that came back with errors carries the newer words itself.
  if (!kept || form.querySelector("[aria-invalid='true']")) return;
  // One that the server keeps too (data-draft-at, its version) stands in the form already: the newer one wins. What was
  // typed on top of that very version is newer, whatever the clocks say.
  const other = form.dataset.draftAt;
  if (other && kept.base !== other && kept.at <= Number(other)) return forget(form);
  let touched = false;
  for (const item of fields(form)) {
    const values = kept.values[item.name];
    if (!values) continue;
    if (item.type === "radio" || item.type === "checkbox") {
      const want = values.includes(item.value);
      touched ||= item.checked !== want;
      item.checked = want;
    } else if (other ? item.value !== values[0] : !item.value) {
      item.value = values[0];
      touched = true;
    }
  }
  if (!touched) return;
  form.dataset.draftRestored = "1";
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
  if (form.dataset.draftNow) form.dataset.draftAhead = form.dataset.draftNow * 1000 - Date.now();
  restore(form);
  // At every key: a tab may be killed before the next pause in typing.
  form.addEventListener("input", () => save(form));
  form.addEventListener("submit", () => save(form));
  form.addEventListener("draft:kept", () => forget(form));
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
