// A reply that may still be taken back. On its ticket's page a panel stands in the composer's place ([data-held]); on every other
// page a toast says it. The page sends when it has counted down; when it is gone, the worker does (tickets/services/drafts.py).
const KEY = "held-reply";
const template = document.getElementById("held-template");
let store;
try { store = window.sessionStorage; } catch { store = null; }

const kept = () => { try { return JSON.parse(store.getItem(KEY)); } catch { return null; } };
const forget = () => { try { store.removeItem(KEY); } catch { /* nothing was kept */ } };
const panel = () => document.querySelector("[data-held]");
const left = (until) => Math.ceil((until - Date.now()) / 1000);
let toast = null;

async function post(url) {
  const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "HX-Request": "true" };
  const response = await fetch(url, { method: "POST", headers, redirect: "error" });
  if (!response.ok) throw new Error(response.status);
  const said = JSON.parse(response.headers.get("HX-Trigger") ?? "{}").toast;
  if (said) document.dispatchEvent(new CustomEvent("toast", { detail: said }));
}

function close() {
  toast?.remove();
  toast = null;
}

function show(reply) {
  toast = template.content.firstElementChild.cloneNode(true);
  const link = toast.querySelector("[data-held-page]");
  link.href = reply.page;
  link.textContent = reply.number;
  toast.querySelector("[data-held-undo]").addEventListener("click", async () => {
    forget();
    close();
    // The words wait on their page, whether they came back or the undo came too late.
    try { await post(reply.undo); } finally { location.assign(reply.page); }
  });
  document.getElementById("toasts").append(toast);
}

function tick() {
  const here = panel();
  if (here) {
    here.dataset.heldUntil ??= Date.now() + (here.dataset.heldAt - here.dataset.heldNow) * 1000;
    const seconds = left(here.dataset.heldUntil);
    here.querySelector("[data-held-seconds]").textContent = Math.max(seconds, 0);
    if (seconds <= 0 && !here.dataset.heldSent) {
      here.dataset.heldSent = "1";
      here.querySelector("[data-send-now]").click();
    }
  }
  const reply = kept();
  if (!reply || here?.dataset.held === reply.number) return close();
  const seconds = left(reply.until);
  if (seconds <= 0) {
    forget();
    close();
    post(reply.send).catch(() => { /* the worker sends it */ });
    return;
  }
  if (!toast) show(reply);
  toast.querySelector("[data-held-seconds]").textContent = seconds;
}

document.addEventListener("reply:held", (event) => {
  const { number, seconds, page, undo, send } = event.detail;
  try { store.setItem(KEY, JSON.stringify({ number, page, undo, send, until: Date.now() + seconds * 1000 })); } catch { /* the worker sends it */ }
});
// What is done in the panel is done: no other page asks again.
document.addEventListener("submit", (event) => { if (event.target.closest("[data-held]")) forget(); });
setInterval(tick, 250);
tick();
