// Where a list is drawn again and the control that one pressed is gone, the focus goes to the heading of its place
// (data-refocus) instead of the top of the page. What has an id and is still there keeps the focus by itself (htmx).
let held = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.detail.target;
  held = target.contains(document.activeElement) && target.querySelector("[data-refocus]") ? target.id : null;
});
document.addEventListener("htmx:afterSwap", () => {
  if (!held) return;
  const place = document.getElementById(held);
  held = null;
  if (!place || document.activeElement !== document.body) return;
  (place.querySelector("[data-refocus]") ?? document.getElementById("main"))?.focus();
});
