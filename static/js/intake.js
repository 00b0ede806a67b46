// The form for a problem: says when the connection is gone, and keeps the form's key together with its draft, so
// that words which were sent but never answered (the line broke) and are sent again make the same ticket, not a second one.
const KEY = "draft-key:submit";
let store;
try { store = window.localStorage; } catch { store = null; }

const form = document.querySelector("form[data-draft='submit']");
const banner = document.querySelector("[data-offline-banner]");

function keepKey(input) {
  try {
    const draft = store.getItem("draft:submit");
    const kept = store.getItem(KEY);
    if (draft && kept) input.value = kept;
    else store.setItem(KEY, input.value);
  } catch { /* without storage each page has its own key */ }
}

function online() {
  if (banner) banner.hidden = navigator.onLine;
}

if (form) {
  const input = form.elements.submission_key;
  if (input && store) keepKey(input);
  online();
  window.addEventListener("online", online);
  window.addEventListener("offline", online);
  form.addEventListener("submit", (event) => {
    if (navigator.onLine) return;
    event.preventDefault();
    online();
    banner?.scrollIntoView({ block: "center" });
  });
}

if (document.querySelector("meta[name='draft-done'][content='submit']") && store) {
  try { store.removeItem(KEY); } catch { /* nothing to clear */ }
}
