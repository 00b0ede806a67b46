// Markdown in the composer: a slim toolbar ([data-toolbar], one tab stop, walked by arrows), the same by keys, and a preview that
// the server renders as it renders the message.
const KEYS = { b: "bold", e: "code", k: "link" };
const SHIFTED = { Digit8: "list", Digit9: "quote" };
const OPEN = "composer-preview";
let timer = null;
let asked = 0; // the newest question: an older answer may come after it

const formOf = (element) => element.closest?.("form[data-preview-url]");
const textOf = (form) => form.querySelector("textarea[name='body']");

// Typed by hand, so that the browser's own undo knows it.
function put(area, words, from, to) {
  area.focus();
  area.setSelectionRange(from, to);
  if (!document.execCommand("insertText", false, words)) {
    area.setRangeText(words, from, to, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function around(area, mark, after = mark) {
  const { selectionStart: from, selectionEnd: to, value } = area;
  const chosen = value.slice(from, to);
  put(area, mark + chosen + after, from, to);
  const start = from + mark.length;
  area.setSelectionRange(start, start + chosen.length);
}

function lines(area, prefix) {
  const { selectionStart, selectionEnd, value } = area;
  const from = value.lastIndexOf("\n", selectionStart - 1) + 1;
  const end = value.indexOf("\n", selectionEnd);
  const to = end < 0 ? value.length : end;
  put(area, value.slice(from, to).split("\n").map((line) => prefix + line).join("\n"), from, to);
}

const DO = {
  bold: (area) => around(area, "**"),
  code: (area) => (area.value.slice(area.selectionStart, area.selectionEnd).includes("\n") ? around(area, "```\n", "\n```") : around(area, "`")),
  list: (area) => lines(area, "- "),
  quote: (area) => lines(area, "> "),
  link(area) {
    const at = area.selectionStart;
    const chosen = area.value.slice(at, area.selectionEnd);
    around(area, "[", "](https://)");
    // What is missing is chosen: the words, or the address.
    if (chosen) area.setSelectionRange(at + chosen.length + 3, at + chosen.length + 11);
  },
};

async function render(form) {
  const mine = ++asked;
  const pane = form.querySelector("[data-preview]");
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  const body = new URLSearchParams({ body: textOf(form).value });
  const response = await fetch(form.dataset.previewUrl, { method: "POST", headers, body, redirect: "error" }).catch(() => null);
  const html = response?.ok ? await response.text() : null; // cleaned by the server, as every message
  if (html !== null && mine === asked) pane.innerHTML = html;
}

function open(form, isOpen) {
  form.querySelector("[data-preview]").hidden = !isOpen;
  form.querySelector("[data-preview-toggle]").setAttribute("aria-pressed", String(isOpen));
  if (isOpen) render(form);
}

function start() {
  const bar = document.querySelector("[data-toolbar][hidden]");
  if (!bar) return;
  bar.hidden = false;
  [...bar.querySelectorAll("button")].forEach((button, index) => { button.tabIndex = index ? -1 : 0; });
  let wanted = null;
  try { wanted = localStorage.getItem(OPEN); } catch { /* private mode */ }
  if (wanted) open(formOf(bar), true);
}

function walk(bar, step) {
  const buttons = [...bar.querySelectorAll("button")].filter((button) => button.offsetParent);
  const next = buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length];
  for (const button of bar.querySelectorAll("button")) button.tabIndex = button === next ? 0 : -1;
  next.focus();
}

document.addEventListener("click", (event) => {
  const form = formOf(event.target);
  const button = event.target.closest("[data-md], [data-preview-toggle]");
  if (!form || !button) return;
  if (button.dataset.md) return DO[button.dataset.md](textOf(form));
  const isOpen = button.getAttribute("aria-pressed") !== "true";
  open(form, isOpen);
  try { isOpen ? localStorage.setItem(OPEN, "1") : localStorage.removeItem(OPEN); } catch { /* it holds for this page */ }
});
document.addEventListener("keydown", (event) => {
  const form = formOf(event.target);
  if (!form || event.isComposing || event.altKey) return;
  const bar = event.target.closest("[data-toolbar]");
  if (bar && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
    event.preventDefault();
    return walk(bar, event.key === "ArrowRight" ? 1 : -1);
  }
  if (!(event.ctrlKey || event.metaKey) || event.target !== textOf(form)) return;
  const name = event.shiftKey ? SHIFTED[event.code] : KEYS[event.key.toLowerCase()];
  if (!name) return;
  event.preventDefault();
  DO[name](event.target);
});
document.addEventListener("input", (event) => {
  const form = formOf(event.target);
  if (!form || event.target !== textOf(form) || form.querySelector("[data-preview]").hidden) return;
  clearTimeout(timer);
  timer = setTimeout(() => render(form), 250);
});
document.addEventListener("htmx:afterSettle", start);
start();
