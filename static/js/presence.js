// «I look at this ticket, I write on it»: a beat every 20 seconds while the page is seen, sooner when one begins or stops to
// write; the answer says who else does. Leaving says so; what gets lost runs out by itself (tickets/presence.py).
const BEAT_MS = 20000;
const TYPING_MS = 4000; // so often while one types
const IDLE_MS = 6000; // so long after the last key one does not write any more
const place = document.querySelector("[data-presence]");
const text = () => document.querySelector("#composer textarea[name='body']");
let writes = "";
let said = 0;
let idle = null;

const beat = () => place.dispatchEvent(new CustomEvent("presence:beat"));

function write(kind) {
  clearTimeout(idle);
  if (kind) idle = setTimeout(() => write(""), IDLE_MS);
  const due = kind && Date.now() - said > TYPING_MS;
  if (kind === writes && !due) return;
  writes = kind;
  said = Date.now();
  beat();
}

function leave() {
  const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "Content-Type": "application/x-www-form-urlencoded" };
  writes = "";
  // `keepalive` lets it arrive although the page goes.
  fetch(place.getAttribute("hx-post"), { method: "POST", keepalive: true, headers, body: "leave=1" }).catch(() => {});
}

if (place) {
  place.addEventListener("htmx:configRequest", (event) => {
    if (document.hidden) return event.preventDefault();
    event.detail.parameters.writes = writes;
    event.detail.parameters.shown = document.querySelector("#presence [data-shown]")?.dataset.shown ?? "";
  });
  // A line that broke is told by the page's other requests; a lost beat is nobody's concern.
  for (const kind of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) place.addEventListener(kind, (event) => event.stopPropagation());
  document.addEventListener("input", (event) => {
    if (event.target !== text()) return;
    const kind = document.querySelector("#composer input[name='kind']:checked")?.value ?? "public";
    write(event.target.value.trim() ? kind : "");
  });
  document.addEventListener("htmx:afterSettle", () => { if (writes && !text()?.value.trim()) write(""); });
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : beat()));
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", beat);
  setInterval(beat, BEAT_MS);
  // htmx takes the page up when it is ready; a beat before that would not be heard.
  if (document.readyState === "complete") beat();
}
