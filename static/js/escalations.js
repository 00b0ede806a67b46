// The lead's escalation queue: how many wait stands in the title, ticks survive a refresh, new rows flash, are announced and,
// for whoever wants it on this device, sound. The list itself is fetched by htmx (see the template).
const STORE = "escalation-sound";
const list = () => document.getElementById("escalations");
const numbers = () => new Set([...document.querySelectorAll("[data-unacknowledged]")].map((row) => row.dataset.ticket));
let known = numbers();
let ticked = new Set(); // what stays ticked when the list is drawn again
let audio = null;

function wanted() {
  try { return localStorage.getItem(STORE) === "on"; } catch { return false; }
}

// Browsers let a page sound only after somebody touched it; until then a context waits, suspended.
function wake() {
  if (!wanted() || !("AudioContext" in window)) return;
  audio ??= new AudioContext();
  if (audio.state === "suspended") audio.resume();
}

// Two soft tones; one for who asked their system for less of everything.
function sound() {
  if (!wanted() || !audio || audio.state !== "running") return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  for (const [offset, pitch] of calm ? [[0, 440]] : [[0, 660], [0.18, 880]]) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const start = audio.currentTime + offset;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, start);
    volume.gain.exponentialRampToValueAtTime(calm ? 0.06 : 0.15, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.16);
    tone.connect(volume).connect(audio.destination);
    tone.start(start);
    tone.stop(start + 0.18);
  }
}

function title() {
  const total = Number(list()?.dataset.total || 0);
  document.title = (total ? `(${total}) ` : "") + document.title.replace(/^\(\d+\) /, "");
  const figure = document.querySelector(".rail-link[aria-current] .rail-count");
  if (figure) figure.textContent = String(total);
}

function enhance() {
  for (const box of document.querySelectorAll('[name="tickets"]')) box.checked = ticked.has(box.value);
  const label = document.querySelector("[data-all-label]");
  if (label) label.hidden = false;
  mind();
}

function mind() {
  const boxes = [...document.querySelectorAll('[name="tickets"]')];
  const all = document.querySelector("[data-all]");
  const count = boxes.filter((box) => box.checked).length;
  if (all) {
    all.checked = count > 0 && count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
  }
}

function refreshed() {
  const now = numbers();
  const fresh = [...now].filter((number) => !known.has(number));
  known = now;
  title();
  enhance();
  if (!fresh.length) return;
  for (const number of fresh) document.getElementById(`escalation-${number}`)?.classList.add("is-new");
  const announcer = document.getElementById("announcer");
  if (announcer) announcer.textContent = `${list().dataset.newWords} ${fresh.join(", ")}`;
  sound();
}

document.addEventListener("htmx:afterSwap", () => refreshed());
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) {
    for (const box of document.querySelectorAll('[name="tickets"]')) box.checked = event.target.checked;
  }
  if (event.target.matches("[data-sound-switch]")) {
    try { localStorage.setItem(STORE, event.target.checked ? "on" : "off"); } catch { /* private mode: it stays off */ }
    wake();
    audio?.resume().then(sound);
  }
  ticked = new Set([...document.querySelectorAll('[name="tickets"]:checked')].map((box) => box.value));
  mind();
});
for (const touch of ["pointerdown", "keydown"]) document.addEventListener(touch, wake, { passive: true });

const choice = document.querySelector("[data-sound]");
if (choice && "AudioContext" in window) {
  choice.hidden = false;
  choice.querySelector("input").checked = wanted();
}
title();
enhance();
