// form[data-draft-url]: what draft.js keeps in this browser at every key is sent to the server at every pause, so that it is
// found on any device. When the server has it, the browser's copy goes; while offline it stays, and the newer one wins.
const PAUSE_MS = 800;
const timers = new WeakMap();
const waiting = new WeakMap(); // form → the request under way
let failing = false;

function words(form) {
  const data = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") data.append(name, value);
  return data;
}

function say(form, state) {
  const line = form.querySelector("[data-draft-status]");
  if (!line) return;
  line.dataset.state = state;
  line.textContent = line.dataset[state] ?? "";
  // Every saving would be too much to hear; that it does not work is not.
  const fails = state === "lost" || state === "out";
  if (fails !== failing) document.getElementById("announcer").textContent = line.textContent;
  failing = fails;
}

function stop(form) {
  clearTimeout(timers.get(form));
  timers.delete(form);
  waiting.get(form)?.abort();
  waiting.delete(form);
}

async function save(form, { last = false } = {}) {
  stop(form);
  const cancel = new AbortController();
  waiting.set(form, cancel);
  try {
    const body = words(form);
    const response = await fetch(form.dataset.draftUrl, { method: "POST", body, keepalive: last, signal: last ? undefined : cancel.signal, redirect: "manual" });
    if (response.type === "opaqueredirect") throw new Error("out"); // to the sign-in page
    if (!response.ok) throw new Error(response.status);
    const answer = await response.json();
    const hint = form.querySelector("[data-canned]");
    if (hint) hint.hidden = !answer.canned;
    if (answer.kept) form.dataset.draftAt = answer.kept;
    if (body.toString() === words(form).toString()) form.dispatchEvent(new CustomEvent("draft:kept"));
    say(form, answer.kept ? "kept" : "empty");
    waiting.delete(form);
  } catch (error) {
    if (error.name === "AbortError" || !form.isConnected) return;
    waiting.delete(form);
    say(form, error.message === "out" ? "out" : "lost");
    if (!timers.has(form)) timers.set(form, setTimeout(() => save(form), 10 * PAUSE_MS));
  }
}

function later(form) {
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => save(form), PAUSE_MS));
}

const formOf = (event) => event.target.closest?.("form[data-draft-url]");
document.addEventListener("input", (event) => {
  const form = formOf(event);
  if (form && event.target.type !== "file") later(form);
});
// Words that only this browser had are everybody's at once; draft.js has found those of the page before this script ran.
document.addEventListener("draft:restored", (event) => { if (formOf(event)) later(formOf(event)); });
document.querySelectorAll("form[data-draft-url][data-draft-restored]").forEach(later);
// What is sent or discarded now is no draft a moment later.
document.addEventListener("htmx:beforeRequest", (event) => { if (formOf(event)) stop(formOf(event)); });
document.addEventListener("htmx:responseError", (event) => { if (formOf(event)) later(formOf(event)); });
document.addEventListener("htmx:sendError", (event) => { if (formOf(event)) later(formOf(event)); });
window.addEventListener("pagehide", () => {
  const form = document.querySelector("form[data-draft-url]");
  if (form && (timers.has(form) || waiting.has(form))) save(form, { last: true });
});
window.addEventListener("online", () => {
  const form = document.querySelector("form[data-draft-url]");
  if (form && timers.has(form)) save(form);
});
