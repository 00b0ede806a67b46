// <time class="clock" data-due data-warn data-now data-left data-hours data-state>: ticks by the server's clock, not the visitor's.
// Time is counted in the hours of the promise: `left` seconds at `now`, and it runs in the stretches of `hours` alone.
// It only foretells what the server will say: past `warn` it shows «soon», past `due` «breached»; paused, met, ended stand still.
const words = document.getElementById("ui-text")?.dataset ?? {};
const offsets = new WeakMap();

function offsetOf(chip) {
  let known = offsets.get(chip);
  if (!known || known.now !== chip.dataset.now) {
    known = { now: chip.dataset.now, ms: chip.dataset.now ? Date.parse(chip.dataset.now) - Date.now() : 0 };
    offsets.set(chip, known);
  }
  return known.ms;
}

const two = (number) => String(number).padStart(2, "0");

// Mirrors helpdesk/badges.py: `span_text`.
function spanText(seconds) {
  const total = Math.floor(Math.abs(seconds));
  const days = Math.floor(total / 86400);
  const hours = Math.floor((total % 86400) / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  if (days) return fill(words.days, days, hours);
  if (hours) return fill(words.hours, hours, two(minutes));
  return `${minutes}:${two(total % 60)}`;
}

function fill(pattern, ...values) {
  let index = 0;
  return (pattern || "%s %s").replace(/%s/g, () => values[index++]);
}

// Seconds that count between two instants (ms); `hours` is "from/to,from/to" in seconds since 1970, absent day and night.
function counted({ hours }, from, to) {
  if (hours === undefined) return (to - from) / 1000;
  const stretches = hours ? hours.split(",").map((one) => one.split("/").map((second) => second * 1000)) : [];
  return stretches.reduce((sum, [start, end]) => sum + Math.max(0, Math.min(to, end) - Math.max(from, start)), 0) / 1000;
}

function tick(chip) {
  const state = chip.dataset.state;
  if (!["running", "soon", "breached"].includes(state) || !chip.dataset.due) return;
  const now = Date.now() + offsetOf(chip);
  const left = Number(chip.dataset.left) - counted(chip.dataset, Date.parse(chip.dataset.now), now);
  const next = now >= Date.parse(chip.dataset.due) ? "breached" : chip.dataset.warn && now >= Date.parse(chip.dataset.warn) ? "soon" : "running";
  // A breach on record stays one even if this clock disagrees by a second.
  if (state !== "breached" && next !== state) {
    chip.dataset.state = next;
    const label = chip.querySelector(".clock-state");
    if (label) label.textContent = words[next] || "";
    chip.dispatchEvent(new CustomEvent(`clock:${next}`, { bubbles: true }));
  }
  const text = chip.querySelector(".clock-text");
  const shown = chip.dataset.state !== "breached" ? spanText(Math.max(left, 0)) : fill(words.over, spanText(left));
  if (text && text.textContent !== shown) text.textContent = shown;
}

const tickAll = () => document.querySelectorAll("time.clock").forEach(tick);
tickAll();
setInterval(tickAll, 1000);
document.addEventListener("htmx:afterSettle", tickAll);
document.addEventListener("visibilitychange", tickAll);
