// Live push. The stream sends hints ({"topic": "team:3", ...}); each becomes a DOM event named by the first half of the topic,
// `live:team` on <body>, which htmx triggers listen to (hx-trigger="live:team from:body"). One's own user and teams are
// always heard; a ticket when an element says data-live-topic="ticket:T100001". Hints may be lost, so all listeners refetch when
// the line drops, after every reconnect, when the server asks for it, and every 15 s while there is no stream.
const body = document.body;
const url = body.dataset.eventsUrl;
const POLL_MS = 15000;
// A page whose line dropped shows the truth within two seconds, and five hundred do not ask in the same instant.
const soon = () => 300 + Math.random() * 900;
const KNOWN = /live:([\w-]+)/g;
let polling = null;
let opened = false;

function say(topic, detail) {
  body.dispatchEvent(new CustomEvent(`live:${topic}`, { detail, bubbles: true }));
}

function refetchAll(reason) {
  const topics = new Set();
  for (const element of document.querySelectorAll("[hx-trigger*='live:']")) {
    for (const match of element.getAttribute("hx-trigger").matchAll(KNOWN)) topics.add(match[1]);
  }
  for (const topic of topics) say(topic, { reason });
}

function mode(name) {
  body.dataset.live = name;
  if (name === "polling" && !polling) {
    polling = setInterval(() => document.hidden || refetchAll("poll"), POLL_MS);
    if (opened) setTimeout(refetchAll, soon(), "dropped");
  }
  if (name === "stream" && polling) {
    clearInterval(polling);
    polling = null;
  }
}

function address() {
  const topics = new Set([...document.querySelectorAll("[data-live-topic]")].map((element) => element.dataset.liveTopic));
  const full = new URL(url, location.href);
  if (topics.size) full.searchParams.set("topics", [...topics].join(","));
  return full;
}

function connect(wait = 1000) {
  // It may listen at another port of this host: the session cookie goes along only when asked for.
  const stream = new EventSource(address(), { withCredentials: true });
  stream.onopen = () => {
    wait = 1000;
    mode("stream");
    // The page is as fresh as its render only the first time; later something may have been missed in between.
    if (opened) refetchAll("reconnect");
    opened = true;
  };
  stream.onmessage = (event) => {
    let hint;
    try {
      hint = JSON.parse(event.data);
    } catch {
      return;
    }
    if (hint && typeof hint.topic === "string") say(hint.topic.split(":")[0], hint);
  };
  stream.addEventListener("resync", () => refetchAll("resync"));
  stream.onerror = () => {
    mode("polling");
    // readyState CONNECTING means that the browser retries by itself; CLOSED (a refusal) is ours to retry.
    if (stream.readyState !== EventSource.CLOSED) return;
    opened = true;
    const next = Math.min(wait * 2, 60000);
    setTimeout(() => connect(next), wait + Math.random() * 1000);
  };
  window.addEventListener("pagehide", () => stream.close(), { once: true });
}

if (url === "") mode("polling");
else if (url) {
  if ("EventSource" in window) connect();
  else mode("polling");
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      connect();
      refetchAll("restored");
    }
  });
  window.addEventListener("online", () => refetchAll("online"));
}
