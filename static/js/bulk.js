// Choosing rows: x, a click, Shift+click, all on the page. The choice is kept by ticket number, so it outlives rows that
// come in anew. Rows are dragged onto a person or a team of the drawer, which is the very dialog of «assign».
const bar = document.getElementById("bulk");
const dialog = document.getElementById("bulk-dialog");
const picks = () => [...document.querySelectorAll("[data-pick]")];
const selected = new Set(); // numbers
let last = null; // where Shift+click begins
let lent = null; // the row in focus that a key chose because nothing was, given back when the dialog closes unused
let origin = null; // the id of the tick in the row to go back to
let byKey = false; // the dialog was opened from a row

function show() {
  for (const box of picks()) box.checked = selected.has(box.value);
  const boxes = picks();
  bar.toggleAttribute("data-on", selected.size > 0);
  bar.querySelector("[data-bulk-count]").textContent = bar.dataset.words.replace("%s", selected.size);
  const all = document.querySelector("input[data-pick-all]");
  if (!all) return;
  all.checked = boxes.length > 0 && boxes.every((box) => box.checked);
  all.indeterminate = !all.checked && boxes.some((box) => box.checked);
}

function set(box, on) {
  if (on) selected.add(box.value);
  else selected.delete(box.value);
}

const focused = () => document.activeElement?.closest("[data-rows] tr")?.querySelector("[data-pick]");

function clear() {
  selected.clear();
  lent = null;
  show();
}

// Rows that came in anew are unticked, whatever was chosen.
function enhance() {
  for (const part of document.querySelectorAll(".bulk-scripted[hidden]")) part.hidden = false;
  const hands = bar.querySelector("[data-hand-to]");
  if (hands) for (const box of picks()) box.closest("tr").draggable = true;
  show();
}

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("[data-pick]");
  if (box) {
    const boxes = picks();
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)];
    const range = event.shiftKey && from >= 0 ? boxes.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
    for (const one of range) set(one, box.checked);
    last = box;
    return show();
  }
  if (event.target.closest("#bulk [data-dialog]")) origin ??= picks().find((one) => one.checked)?.id;
  const all = event.target.closest("[data-pick-all]");
  if (all) {
    const on = all.matches("input") ? all.checked : true;
    for (const one of picks()) set(one, on);
    return show();
  }
  if (event.target.closest("[data-pick-none]")) {
    const row = focused() ?? picks()[0];
    clear();
    row?.closest("tr").querySelector("[data-row]").focus();
  }
});

// A key is about to be looked up (keyboard.js): x chooses the row in focus; the bar's keys act on it when nothing is chosen.
document.addEventListener("shortcut", (event) => {
  const box = focused();
  if (event.detail === "x" && box) {
    event.preventDefault();
    set(box, !box.checked);
    last = box;
    show();
  } else if (bar.querySelector(`[data-key="${CSS.escape(event.detail)}"]`)) {
    origin = box?.id ?? null;
    byKey = box !== undefined;
    if (selected.size || !box) return;
    lent = box.value;
    set(box, true);
    show();
  }
});

dialog.addEventListener("close", () => {
  delete dialog.dataset.drawer;
  if (lent) selected.delete(lent);
  lent = null;
  show();
  // The bar may be gone with the choice, and with it the button that the browser gives the focus back to.
  if (origin && (byKey || !selected.size)) document.getElementById(origin)?.closest("tr").querySelector("[data-row]").focus();
  origin = null;
  byKey = false;
});
document.addEventListener("bulk:done", clear);

// Whoever put the line away does not want it back on the next page.
const SEEN = "bulk-dismissed";
const line = document.querySelector("[data-bulk-edit]");
try { if (line && sessionStorage.getItem(SEEN) === line.dataset.bulkEdit) line.remove(); } catch { /* it comes back */ }
document.addEventListener("click", (event) => {
  const put = event.target.closest("[data-bulk-edit] [data-dismiss]")?.closest("[data-bulk-edit]");
  try { if (put) sessionStorage.setItem(SEEN, put.dataset.bulkEdit); } catch { /* it comes back */ }
}, true);

// Dragging. The drawer opens after the drag began: a page that changes in that very moment would end it.
document.addEventListener("dragstart", (event) => {
  const row = event.target.closest?.("[data-rows] tr[draggable]");
  const hands = bar.querySelector("[data-hand-to]");
  if (!row || !hands || dialog.open) return;
  const own = row.querySelector("[data-pick]").value;
  const numbers = selected.has(own) ? [...selected] : [own];
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", numbers.join(" "));
  for (const box of picks()) if (numbers.includes(box.value)) box.closest("tr").dataset.dragged = "";
  setTimeout(() => {
    dialog.dataset.drawer = "";
    dialog.show();
    window.htmx.ajax("GET", hands.formAction, { target: "#bulk-body", values: { t: numbers } });
  });
});

const target = (event) => event.target.closest?.("#bulk-dialog .lead-person");
document.addEventListener("dragover", (event) => {
  const person = dialog.dataset.drawer === undefined ? null : target(event);
  for (const one of dialog.querySelectorAll("[data-over]")) if (one !== person) delete one.dataset.over;
  if (!person) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "move";
  person.dataset.over = "";
});
document.addEventListener("drop", (event) => {
  const person = dialog.dataset.drawer === undefined ? null : target(event);
  if (!person) return;
  event.preventDefault();
  person.querySelector("input").checked = true;
  person.closest("form").requestSubmit();
});
document.addEventListener("dragend", (event) => {
  for (const row of document.querySelectorAll("[data-dragged]")) delete row.dataset.dragged;
  // Dropped on somebody, the answer closes the drawer; dropped elsewhere, nothing was meant.
  if (dialog.dataset.drawer !== undefined && event.dataTransfer.dropEffect === "none") dialog.close();
});

document.addEventListener("htmx:afterSettle", enhance);
document.addEventListener("htmx:oobAfterSwap", enhance);
enhance();
