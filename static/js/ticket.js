// The ticket page: put found text into the composer, keep its hidden state right, go to the text when the audience is chosen.
const composer = () => document.getElementById("composer");
const text = () => composer()?.querySelector("textarea[name='body']");

function insert(words) {
  const area = text();
  if (!area) return;
  const before = area.value.slice(0, area.selectionStart);
  const gap = before && !/\s$/.test(before) ? "\n\n" : "";
  area.setRangeText(gap + words, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
  area.focus();
  area.scrollIntoView({ block: "center" });
}

document.addEventListener("click", (event) => {
  const source = event.target.closest("[data-insert]");
  if (source) insert(source.dataset.insert);
  const audience = event.target.closest("#composer label[data-key]");
  if (audience && !event.target.matches("input")) setTimeout(() => text()?.focus());
});

document.addEventListener("change", (event) => {
  const words = event.target.closest("#composer label[data-say]")?.dataset.say;
  if (words) document.getElementById("announcer").textContent = words;
});

// Buttons that need a script appear when there is one.
const show = () => document.querySelectorAll("[data-insert][hidden]").forEach((button) => { button.hidden = false; });

// What the writer has seen: an empty composer follows the page; a begun one keeps its revision, so that the server can
// say what came meanwhile, unless the change was this writer's own.
function follow() {
  const state = document.getElementById("live-state")?.dataset;
  const form = composer();
  if (!state || !(form instanceof HTMLFormElement)) return;
  const { revision, seen } = form.elements;
  if (!text()?.value.trim() || revision.value === state.previous) {
    revision.value = state.revision;
    seen.value = state.seen;
  }
}

// Where the queue was left (queue.js), so that the server can go on from there.
function remember() {
  const form = composer();
  if (!form?.elements?.queue) return;
  let queue = null;
  try { queue = JSON.parse(sessionStorage.getItem("queue")); } catch { /* private mode: the first view */ }
  const at = queue?.numbers.indexOf(form.dataset.number) ?? -1;
  form.elements.queue.value = queue?.address ?? "";
  form.elements.next.value = queue?.numbers[at + 1] ?? "";
}

// A composer that came in takes the focus that the old one had: to undo while that is possible, else to the text.
function focus() {
  if (document.activeElement !== document.body || document.querySelector("dialog[open]")) return;
  (document.getElementById("held-undo") ?? text())?.focus({ preventScroll: true });
}

document.addEventListener("htmx:afterSwap", (event) => { if (event.detail.requestConfig?.elt.closest("#composer") || event.target.id === "composer") focus(); });
document.addEventListener("htmx:afterSettle", () => {
  show();
  follow();
  remember();
});
remember();
document.addEventListener("htmx:oobAfterSwap", follow);
show();

// What comes while the page is in sight is read; what came to a hidden page is, when it is looked at.
let unread = false;

document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches("[data-live-topic]")) return;
  if (document.hidden) unread = true;
  else event.detail.parameters.seen = "1";
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !unread) return;
  unread = false;
  document.body.dispatchEvent(new CustomEvent("live:ticket"));
});
