// A text file by lines (#lines): click a number to choose a line, Shift-click for all up to it; the arrow keys do the same,
// with Shift for a range. What is chosen goes into the answer, or its words or its address are copied. The address
// #L120-L130 opens the page of those lines.
const RANGE = /^#L(\d{1,9})(?:-L(\d{1,9}))?$/;
let first = 0; // where the choice began
let last = 0;

const root = () => document.getElementById("lines");
const number = (line) => Number(line.dataset.line);
const numbers = () => [...root().querySelectorAll(".line-no")];
const isAlone = () => !root().closest("dialog");

function words() {
  const [from, to] = [Math.min(first, last), Math.max(first, last)];
  const { one, many } = root().dataset;
  return from === to ? one.replace("%s", from) : many.replace("%s", from).replace("%s", to);
}

function choose(from, to) {
  [first, last] = [from, to];
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  const chosen = [];
  for (const link of numbers()) {
    const isIn = number(link) >= low && number(link) <= high;
    link.closest(".line").classList.toggle("is-chosen", isIn);
    link.tabIndex = number(link) === to ? 0 : -1;
    if (isIn) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    if (isIn) chosen.push(link.closest(".line").querySelector("code").textContent);
  }
  const bar = root().querySelector("[data-chosen]");
  bar.hidden = !chosen.length;
  bar.querySelector("[data-chosen-words]").textContent = words();
  const text = chosen.join("\n");
  // A fence is longer than any inside, or the quote would end in its middle.
  const fence = "`".repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map((run) => run[0].length + 1)));
  const insert = bar.querySelector("[data-chosen-insert]");
  insert.hidden = !document.querySelector("#composer textarea");
  insert.dataset.insert = `${root().dataset.lines} · ${words()}\n\n${fence}\n${text}\n${fence}\n`;
  bar.dataset.text = text;
  if (isAlone()) history.replaceState(null, "", low === high ? `#L${low}` : `#L${low}-L${high}`);
}

function address() {
  const [low, high] = [Math.min(first, last), Math.max(first, last)];
  return new URL(`${root().dataset.address}?line=${low}#L${low}${high > low ? `-L${high}` : ""}`, location.href).href;
}

async function copy(button, text) {
  const done = { text: button.dataset.done, kind: "success" };
  await navigator.clipboard.writeText(text);
  document.dispatchEvent(new CustomEvent("toast", { detail: done }));
}

function start() {
  if (!root() || root().dataset.on) return;
  root().dataset.on = "1";
  const found = isAlone() ? location.hash.match(RANGE) : null;
  const links = numbers();
  for (const link of links) link.tabIndex = -1;
  if (found && !links.some((link) => number(link) === Number(found[1]))) {
    const wanted = new URL(location.href);
    // Only once: a line that the file does not have would send us round and round.
    if (wanted.searchParams.get("line") !== found[1]) {
      wanted.searchParams.set("line", found[1]);
      location.replace(wanted);
    }
    return;
  }
  if (found) choose(Number(found[1]), Number(found[2] || found[1]));
  const shown = root().querySelector(found ? `#L${found[1]}` : "[data-hit]") ?? links[0]?.closest(".line");
  if (!shown) return;
  shown.querySelector(".line-no").tabIndex = 0;
  if (found || root().querySelector("[data-hit]")) shown.scrollIntoView({ block: "center" });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("#lines .line-no");
  if (link && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    choose(event.shiftKey && first ? first : number(link), number(link));
  }
  const copier = event.target.closest("[data-chosen-copy]");
  if (copier) copy(copier, copier.closest("[data-chosen]").dataset.text);
  const linker = event.target.closest("[data-chosen-link]");
  if (linker) copy(linker, address());
});

document.addEventListener("keydown", (event) => {
  const link = event.target.closest?.("#lines .line-no");
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!link || !step) return;
  event.preventDefault();
  const all = numbers();
  const next = all[all.indexOf(link) + step];
  if (!next) return;
  choose(event.shiftKey && first ? first : number(next), number(next));
  next.focus();
});

document.addEventListener("htmx:afterSettle", start);
window.addEventListener("hashchange", () => {
  if (root()) delete root().dataset.on;
  start();
});
start();
