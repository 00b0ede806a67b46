// Short messages in the corner, announced politely; a script may add an `action: {label, press}`, such as «Undo». Servers send them by the header HX-Trigger: {"toast": {"text", "kind"}};
// failures of the network or the server are said here too, so that no click ends in silence.
const area = document.getElementById("toasts");
const words = document.getElementById("ui-text")?.dataset ?? {};
const KINDS = { success: "check-circle", warning: "alert", error: "alert", info: "info" };

function toast(text, kind = "info", action = null) {
  const source = document.getElementById("toast-template");
  if (!area || !source || !text) return;
  // Said once is enough, however often a poll fails.
  if ([...area.querySelectorAll("[data-toast-text]")].some((said) => said.textContent === text)) return;
  const safeKind = kind in KINDS ? kind : "info";
  const item = source.content.firstElementChild.cloneNode(true);
  item.classList.add(`alert-${safeKind}`);
  const use = item.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${KINDS[safeKind]}`));
  item.querySelector("[data-toast-text]").textContent = text;
  item.querySelector("button").addEventListener("click", () => item.remove());
  if (action) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-sm", textContent: action.label });
    button.addEventListener("click", () => { item.remove(); action.press(); });
    item.querySelector("[data-toast-text]").after(button);
  }
  area.append(item);
  while (area.children.length > 4) area.firstElementChild.remove();
  // Errors stay until dismissed; what is only informative may go, but not while it is pointed at.
  if (safeKind === "error") return;
  const leave = () => (item.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : item.remove());
  setTimeout(leave, action ? 20000 : 7000);
}

// A fragment that was asked for after the session ended comes back as the whole sign-in page: it must not land in a corner.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target === document.body || !/^\s*<!doctype html/i.test(event.detail.serverResponse)) return;
  // Where a piece of a whole page is asked for (hx-select), a page that has the piece is the right one.
  const piece = event.detail.requestConfig?.elt?.closest("[hx-select]")?.getAttribute("hx-select");
  if (piece && new DOMParser().parseFromString(event.detail.serverResponse, "text/html").querySelector(piece)) return;
  event.detail.shouldSwap = false;
  toast(words.signedOut, "error");
});
// A press that needs a session leads to the sign-in page. What the page asks for by itself (presence, news) must not take it
// away from under somebody who types.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.status !== 401 || event.detail.requestConfig.triggeringEvent?.isTrusted) return;
  event.preventDefault();
  toast(words.signedOut, "error");
});
document.addEventListener("toast", (event) => toast(event.detail.text ?? event.detail.value, event.detail.kind, event.detail.action));
document.addEventListener("htmx:sendError", () => toast(words.offline, "error"));
document.addEventListener("htmx:timeout", () => toast(words.offline, "error"));
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  toast(status === 403 ? words.forbidden : status === 409 ? words.conflict : status === 429 ? words.flood : words.failed, "error");
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss]");
  if (button) button.closest(".alert")?.remove();
});
