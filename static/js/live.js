// Live push. The stream sends hints ({"topic": "queue", ...}); each becomes a DOM event `live:queue` on <body>, which htmx
// triggers listen to (hx-trigger="live:queue from:body"). Hints may be lost, so after every reconnect, and every 15 s
// while the stream is down, all listeners refetch.
const body = document.body;
const url = body.dataset.eventsUrl;
const POLL_MS = 15000;
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
  if (name === "polling" && !polling) polling = setInterval(() => document.hidden || refetchAll("poll"), POLL_MS);
  if (name === "stream" && polling) {
    clearInterval(polling);
    polling = null;
  }
}

function connect(wait = 1000) {
  const stream = new EventSource(url);
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
    if (hint && typeof hint.topic === "string") say(hint.topic, hint);
  };
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

if (url) {
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
