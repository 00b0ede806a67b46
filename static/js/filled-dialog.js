// The dialog of the lead's pages is filled when it opens. Closed, it forgets what it showed, so that the next ticket is never
// seen under the form of the last one; filled, it takes the focus to its first field.
const dialog = document.getElementById("lead-dialog");
const body = document.getElementById("lead-dialog-body");
if (dialog && body) {
  const blank = body.innerHTML;
  dialog.addEventListener("close", () => { body.innerHTML = blank; });
  body.addEventListener("htmx:afterSettle", () => {
    body.querySelector("[aria-invalid], textarea, select, input:not([type=hidden], :disabled)")?.focus();
  });
}
