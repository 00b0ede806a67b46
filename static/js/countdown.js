// <time class="clock" data-due data-warn data-now data-state>: ticks by the server's clock, not the visitor's.
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

// Mirrors helpdesk/templatetags/ui.py: `span_text`.
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

function tick(chip) {
  const state = chip.dataset.state;
  if (!["running", "soon", "breached"].includes(state) || !chip.dataset.due) return;
  const now = Date.now() + offsetOf(chip);
  const left = (Date.parse(chip.dataset.due) - now) / 1000;
  const next = left <= 0 ? "breached" : chip.dataset.warn && now >= Date.parse(chip.dataset.warn) ? "soon" : "running";
  // A breach on record stays one even if this clock disagrees by a second.
  if (state !== "breached" && next !== state) {
    chip.dataset.state = next;
    const label = chip.querySelector(".clock-state");
    if (label) label.textContent = words[next] || "";
    chip.dispatchEvent(new CustomEvent(`clock:${next}`, { bubbles: true }));
  }
  const text = chip.querySelector(".clock-text");
  const shown = left > 0 ? spanText(left) : fill(words.over, spanText(left));
  if (text && text.textContent !== shown) text.textContent = shown;
}

const tickAll = () => document.querySelectorAll("time.clock").forEach(tick);
tickAll();
setInterval(tickAll, 1000);
document.addEventListener("htmx:afterSettle", tickAll);
document.addEventListener("visibilitychange", tickAll);
