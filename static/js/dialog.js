// Dialogs: <button data-dialog="id"> opens <dialog id>; [data-dialog-close] closes. <form data-confirm="words"> asks first.
function open(dialog) {
  if (dialog && !dialog.open) dialog.showModal();
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    event.preventDefault();
    open(document.getElementById(opener.dataset.dialog));
    return;
  }
  const closer = event.target.closest("[data-dialog-close]");
  if (closer) closer.closest("dialog").close();
  // A click on the backdrop lands on the dialog itself, outside its own box.
  if (event.target instanceof HTMLDialogElement && event.target.classList.contains("dialog")) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside && event.detail > 0) event.target.close();
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-confirm]");
  const sheet = document.getElementById("confirm-dialog");
  if (!form || !sheet || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopPropagation();
  sheet.querySelector("[data-confirm-text]").textContent = form.dataset.confirm;
  sheet.returnValue = "";
  const submitter = event.submitter;
  sheet.addEventListener("close", () => {
    if (sheet.returnValue !== "yes") return;
    form.dataset.confirmed = "1";
    form.requestSubmit(submitter);
    delete form.dataset.confirmed;
  }, { once: true });
  open(sheet);
}, true);

// A server answer may close the dialog it came from: header HX-Trigger: {"dialog:close": ""}.
document.addEventListener("dialog:close", () => {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
});
