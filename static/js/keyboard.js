// Shortcuts: an element with data-key="/" is focused (fields) or clicked (others) by that key; [data-rows] is walked by j/k or
// arrows and opened by Enter; ? shows the list. One switch turns single keys off (WCAG 2.1.4), kept on this device.
const STORE = "shortcuts";
const off = () => {
  try { return localStorage.getItem(STORE) === "off"; } catch { return false; }
};
const typing = (target) => target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName);

function act(element) {
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName)) {
    element.focus();
    element.select?.();
  } else {
    element.click();
  }
}

function walk(step) {
  const links = [...document.querySelectorAll("[data-rows] a[data-row]")].filter((link) => link.offsetParent);
  if (!links.length) return false;
  const at = links.indexOf(document.activeElement);
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
