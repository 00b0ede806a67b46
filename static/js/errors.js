// A refused form takes the eye and the keyboard to its first problem, wherever on the page it stands.
function show(root) {
  const wrong = root.querySelector("#problems, [aria-invalid='true']");
  if (!wrong || wrong.closest("[data-example]")) return;
  wrong.focus({ preventScroll: true });
  wrong.scrollIntoView({ block: "center" });
}

show(document);
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.xhr?.status === 422) show(event.detail.elt);
});
