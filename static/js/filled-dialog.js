// <dialog data-filled><div>…</div></dialog> is filled when it opens. Closed, it forgets what it showed, so that the next form
// is never seen behind the last one, nor typed into before it comes; filled, it takes the focus to its first field, or to the one that
// the pressed key means (data-shortcut="t" on a field).
let key = "";
document.addEventListener("shortcut", (event) => { key = event.detail; });

for (const dialog of document.querySelectorAll("dialog[data-filled]")) {
  const body = dialog.firstElementChild;
  const blank = body.innerHTML;
  dialog.addEventListener("close", () => {
    body.innerHTML = blank;
    key = "";
  });
  body.addEventListener("htmx:afterSettle", (event) => {
    // A part that was swapped in place gave the focus back already; only a refusal moves it.
    const kept = event.target !== body && body.contains(document.activeElement);
    if (kept && !body.querySelector("[aria-invalid]")) return;
    const field = body.querySelector("[aria-invalid]") ?? body.querySelector(`[data-shortcut="${CSS.escape(key)}"]`);
    (field ?? body.querySelector("textarea, select, input:not([type=hidden], :disabled)"))?.focus();
  });
}
