// The team board: a ticket is dragged onto a person. The display goes ahead and comes back when the server refuses; what it
// says counts, and the board is fetched again either way. By keyboard the dialog «Reassign» does the same.
const words = document.getElementById("board-words")?.dataset;
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
const csrf = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
const holderRow = (pk) => document.querySelector(pk ? `[data-drop="${pk}"]` : ".lead-nobody");
const say = (detail) => document.dispatchEvent(new CustomEvent("toast", { detail }));
const changed = () => document.body.dispatchEvent(new CustomEvent("lead:changed", { bubbles: true }));
let dragged = null; // the dataset of what is dragged
let missed = false; // news came while something was dragged

function refusal(row) {
  if (dragged.holder === row.dataset.drop) return fill(words.same, row.dataset);
  return dragged.requester === row.dataset.drop ? words.own : "";
}

function figure(row, by) {
  const shown = row?.querySelector("[data-load-figure]");
  if (!shown) return;
  const load = Number(row.dataset.load ?? shown.textContent) + by;
  shown.textContent = row.dataset.capacity ? `${load} / ${row.dataset.capacity}` : String(load);
}

function leave() {
  for (const row of document.querySelectorAll(".board-over")) {
    row.classList.remove("board-over", "board-refused");
    delete row.querySelector(".lead-name").dataset.words;
    figure(row, 0);
  }
}

function hover(row) {
  if (row.classList.contains("board-over")) return;
  leave();
  const no = refusal(row);
  const { name, capacity } = row.dataset;
  const load = Number(row.dataset.load) + 1;
  const full = load > Number(capacity) ? fill(words.full, row.dataset) : "";
  row.classList.add("board-over");
  row.classList.toggle("board-refused", Boolean(no));
  row.querySelector(".lead-name").dataset.words = no || full || fill(words.over, { number: dragged.drag, name, load, capacity });
  if (!no) figure(row, 1);
}

// Show it as if it were done; the answer puts it back.
function ahead(item, row) {
  const from = holderRow(item.holder);
  const moved = [...document.querySelectorAll(`[data-drag="${item.drag}"]`)].map((mark) => {
    const place = document.createComment("");
    mark.replaceWith(place);
    const cell = row.querySelector(place.parentNode.closest("td")?.classList.contains("board-late") ? ".board-late" : ".board-track");
    if (mark.classList.contains("board-mark")) (cell.querySelector(".board-marks") ?? cell.appendChild(Object.assign(document.createElement("ol"), { className: "board-marks" }))).append(mark);
    mark.classList.add("board-moved");
    return () => { mark.classList.remove("board-moved"); place.replaceWith(mark); };
  });
  figure(row, 1);
  figure(from, -1);
  return () => {
    for (const back of moved) back();
    figure(row, 0);
    figure(from, 0);
  };
}

async function post(url, values) {
  const headers = { "X-CSRFToken": csrf(), "HX-Request": "true" };
  const answer = await fetch(url, { method: "POST", headers, body: new URLSearchParams(values) });
  const told = answer.status === 204 ? JSON.parse(answer.headers.get("HX-Trigger") ?? "{}").toast : null;
  if (told) return { ok: told.kind === "success", text: told.text };
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const why = [...page.querySelectorAll(".errorlist li, .field-error")].map((line) => line.textContent.trim()).join(" ");
  return { ok: false, text: why };
}

const offline = () => ({ ok: false, text: document.getElementById("ui-text")?.dataset.offline ?? "" });

async function give(item, row) {
  const { drop, name } = row.dataset;
  const back = ahead(item, row);
  const answer = await post(item.dragUrl, { to: `u${drop}`, held_by: item.holder || "0" }).catch(offline);
  if (answer.ok) {
    const press = () => undo(item, drop);
    say({ text: fill(words.given, { number: item.drag, name }), kind: "success", action: { label: words.undo, press } });
  } else {
    back();
    say({ text: `${fill(words.failed, { number: item.drag })} ${answer.text}`.trim(), kind: "error" });
  }
  changed();
}

async function undo(item, heldBy) {
  const answer = await post(item.undoUrl, { held_by: heldBy, to: item.holder }).catch(offline);
  say({ text: answer.text, kind: answer.ok ? "success" : "error" });
  changed();
}

function enhance() {
  for (const mark of document.querySelectorAll("[data-drag]")) mark.draggable = true;
  const hint = document.querySelector("[data-drag-hint]");
  if (hint) hint.hidden = false;
}

document.addEventListener("dragstart", (event) => {
  const mark = event.target.closest?.("[data-drag]");
  if (!mark || !words) return;
  dragged = { ...mark.dataset };
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.drag);
  document.getElementById("board").classList.add("board-dragging");
});
document.addEventListener("dragover", (event) => {
  if (!dragged) return;
  const row = event.target.closest?.("[data-drop]");
  if (!row) return leave();
  hover(row);
  if (row.classList.contains("board-refused")) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "move";
});
document.addEventListener("drop", (event) => {
  const row = dragged && event.target.closest?.("[data-drop]");
  if (!row) return;
  event.preventDefault();
  const item = dragged;
  leave();
  if (!refusal(row)) give(item, row);
});
document.addEventListener("dragend", () => {
  if (!dragged) return;
  leave();
  dragged = null;
  document.getElementById("board").classList.remove("board-dragging");
  if (missed) changed();
  missed = false;
});
// The board must not be drawn anew under the pointer.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!dragged || event.detail.target.id !== "board") return;
  event.detail.shouldSwap = false;
  missed = true;
});
document.addEventListener("htmx:afterSwap", enhance);
enhance();
