// Shortcuts: an element with data-key="/" is focused (fields) or clicked (others) by that key; [data-rows] is walked by j/k and
// opened by Enter; ? shows the list. Before a key is looked up the page hears of it (`shortcut`) and may take it itself.
// One switch turns single keys off (WCAG 2.1.4), kept on this device.
const STORE = "shortcuts";
const off = () => {
  try { return localStorage.getItem(STORE) === "off"; } catch { return false; }
};
const FIELDS = "input:not([type=checkbox], [type=radio]), textarea, select";
// A dialog that was just closed holds the focus until the next frame: nobody types into what is not seen.
const typing = (target) => (target.isContentEditable || target.matches?.(FIELDS)) && target.checkVisibility();

function act(element) {
  if (element.matches(FIELDS)) {
    element.focus();
    element.select?.();
  } else {
    element.click();
  }
}

function walk(step) {
  const links = [...document.querySelectorAll("[data-rows] a[data-row]")].filter((link) => link.offsetParent);
  if (!links.length) return false;
  const at = links.findIndex((link) => link === document.activeElement || link.closest("tr")?.contains(document.activeElement));
  const next = links[Math.min(Math.max(at + step, 0), links.length - 1)];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

document.addEventListener("keydown", (event) => {
  // Ctrl+Enter sends the form one writes in, whatever the switch says.
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest("form");
    if (form?.querySelector("textarea[data-send]")) return form.requestSubmit();
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target) || off()) return;
  if (document.querySelector("dialog[open]")) return;
  if ((event.key === "j" && walk(1)) || (event.key === "k" && walk(-1))) return event.preventDefault();
  if (event.key === "?") return document.getElementById("shortcuts-dialog")?.showModal();
  const taken = !document.dispatchEvent(new CustomEvent("shortcut", { detail: event.key, cancelable: true }));
  if (taken) return event.preventDefault();
  const target = [...document.querySelectorAll("[data-key]")].find((item) => item.dataset.key === event.key && item.offsetParent);
  if (target) {
    event.preventDefault();
    act(target);
  }
});

const box = document.querySelector("[data-shortcuts-switch]");
if (box) {
  box.checked = !off();
  box.addEventListener("change", () => {
    try { localStorage.setItem(STORE, box.checked ? "on" : "off"); } catch { /* private mode: it holds for this page only */ }
  });
}
