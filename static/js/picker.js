// One list at the caret for whatever is begun by a sign: «::» canned answers, «??» articles, «@» colleagues. Each sign is a
// button ([data-pick] with its address), for phones and for those who do not know the sign; a hidden button is no sign.
// The list is a combobox's listbox: the focus stays in the text, arrows choose, Enter or Tab takes, Escape closes.
const WIDE = { "：：": "::", "？？": "??", "＠": "@" }; // as Chinese input methods write them
const SIGNS = /(?:(?<=^|\s)(::|：：|\?\?|？？)|(?<![\w.])(@|＠))((?:(?!::|：：|\?\?|？？|[@＠])[^\n]){0,40})$/;
const list = () => document.getElementById("composer-list");
let begun = null; // {area, button, from, to, items, at}
let asked = 0;
let inserting = false;

function place(area) {
  // A twin of the text up to the caret says where the caret is.
  const twin = document.createElement("div");
  const style = getComputedStyle(area);
  for (const name of ["font", "letterSpacing", "padding", "border", "lineHeight", "wordBreak", "overflowWrap", "tabSize"]) twin.style[name] = style[name];
  Object.assign(twin.style, { position: "absolute", visibility: "hidden", whiteSpace: "pre-wrap", boxSizing: "border-box", width: `${area.offsetWidth}px` });
  twin.textContent = area.value.slice(0, begun.from);
  const caret = document.createElement("span");
  caret.textContent = "\u200b";
  twin.append(caret);
  document.body.append(twin);
  const box = area.getBoundingClientRect();
  const top = box.top + caret.offsetTop - area.scrollTop;
  const height = caret.offsetHeight;
  const menu = list();
  menu.style.left = `${Math.max(8, Math.min(box.left + caret.offsetLeft, innerWidth - menu.offsetWidth - 8))}px`;
  const below = top + height + 4;
  menu.style.top = `${below + menu.offsetHeight > innerHeight ? Math.max(8, top - menu.offsetHeight - 4) : below}px`;
  twin.remove();
}

function close() {
  asked += 1;
  if (!begun) return;
  const { area } = begun;
  begun = null;
  for (const name of ["role", "aria-autocomplete", "aria-controls", "aria-expanded", "aria-activedescendant", "aria-multiline"]) area.removeAttribute(name);
  list()?.setAttribute("hidden", "");
}

function mark(index) {
  begun.at = index;
  [...list().children].forEach((item, at) => {
    item.setAttribute("aria-selected", String(at === index));
    if (at !== index) return;
    item.scrollIntoView({ block: "nearest" });
    begun.area.setAttribute("aria-activedescendant", item.id);
  });
}

function row(label, hint, index) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.textContent = label;
  const more = document.createElement("span");
  more.textContent = hint;
  item.append(name, more);
  item.id = `composer-list-${index}`;
  item.setAttribute("role", "option");
  // The text must not lose the focus to what is pressed.
  item.addEventListener("pointerdown", (event) => event.preventDefault());
  item.addEventListener("click", () => take(index));
  return item;
}

function show(items) {
  const { area, button } = begun;
  const menu = list();
  begun.items = items;
  menu.replaceChildren(...items.map((item, index) => row(item.label, item.hint, index)));
  if (!items.length) {
    const empty = row(button.dataset.empty, "", 0);
    empty.className = "picker-empty";
    empty.setAttribute("aria-disabled", "true");
    menu.append(empty);
  }
  menu.hidden = false;
  for (const [name, value] of [["role", "combobox"], ["aria-multiline", "true"], ["aria-autocomplete", "list"], ["aria-controls", menu.id], ["aria-expanded", "true"]]) area.setAttribute(name, value);
  document.getElementById("announcer").textContent = items.length ? menu.dataset.many.replace("%s", items.length) : button.dataset.empty;
  place(area);
  if (items.length) mark(0);
}

function take(index) {
  const chosen = begun?.items[index];
  if (!chosen) return;
  const { area, from, to } = begun;
  close();
  area.focus();
  area.setSelectionRange(from, to);
  inserting = true; // what is inserted begins no list of its own
  if (!document.execCommand("insertText", false, chosen.insert)) {
    area.setRangeText(chosen.insert, from, to, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
  inserting = false;
}

async function look(area) {
  const form = area.form;
  const to = area.selectionStart;
  const found = to === area.selectionEnd && SIGNS.exec(area.value.slice(Math.max(0, to - 60), to));
  const sign = found && (WIDE[found[1] ?? found[2]] ?? found[1] ?? found[2]);
  const button = sign && [...form.querySelectorAll("[data-pick]")].find((one) => one.dataset.pick === sign && one.offsetParent);
  if (!button) return close();
  const mine = ++asked;
  const from = to - found[0].length;
  const query = new URLSearchParams({ q: found[3].trim(), kind: form.elements.kind.value });
  const response = await fetch(`${button.dataset.pickUrl}?${query}`, { redirect: "error" }).catch(() => null);
  if (mine !== asked || !area.isConnected) return;
  const items = response?.ok ? (await response.json()).items : [];
  if (mine !== asked) return;
  // Many words behind a sign that find nothing were never meant as a search.
  if (!items.length && /\s/.test(found[3])) return close();
  begun = { area, button, from, to, items, at: -1 };
  show(items);
}

const isText = (target) => target.matches?.("form[data-draft-url] textarea[name='body']");
document.addEventListener("input", (event) => {
  // While an input method composes, what stands there is not what is meant.
  if (isText(event.target) && !event.isComposing && !inserting) look(event.target);
});
document.addEventListener("compositionend", (event) => { if (isText(event.target)) look(event.target); });
document.addEventListener("keydown", (event) => {
  if (!begun || event.target !== begun.area || event.isComposing || event.keyCode === 229) return;
  const many = begun.items.length;
  if (event.key === "Escape") close();
  else if (event.ctrlKey || event.metaKey || !many) return;
  else if (event.key === "ArrowDown") mark((begun.at + 1) % many);
  else if (event.key === "ArrowUp") mark((begun.at - 1 + many) % many);
  else if (event.key === "Enter" || event.key === "Tab") take(begun.at);
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-pick]");
  if (!button) return begun && !event.target.closest("#composer-list") && close();
  const area = button.closest("form").querySelector("textarea[name='body']");
  const before = area.value.slice(0, area.selectionStart);
  const gap = before && !/\s$/.test(before) && button.dataset.pick !== "@" ? " " : "";
  area.focus();
  if (!document.execCommand("insertText", false, gap + button.dataset.pick)) {
    area.setRangeText(gap + button.dataset.pick, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
});
document.addEventListener("focusout", (event) => { if (begun?.area === event.target) setTimeout(() => document.activeElement !== begun?.area && close()); });
window.addEventListener("resize", close);
