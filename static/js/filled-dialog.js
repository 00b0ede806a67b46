// <dialog data-filled><div>…</div></dialog> is filled when it opens. Closed, it forgets what it showed, so that the next form
// is never seen behind the last one, nor typed into before it comes; filled, it takes the focus to its first field.
for (const dialog of document.querySelectorAll("dialog[data-filled]")) {
  const body = dialog.firstElementChild;
  const blank = body.innerHTML;
  dialog.addEventListener("close", () => { body.innerHTML = blank; });
  body.addEventListener("htmx:afterSettle", (event) => {
    // A part that was swapped in place gave the focus back already; only a refusal moves it.
    const kept = event.target !== body && body.contains(document.activeElement);
    if (kept && !body.querySelector("[aria-invalid]")) return;
    body.querySelector("[aria-invalid], textarea, select, input:not([type=hidden], :disabled)")?.focus();
  });
}
