// The conversation: what was said, what is on its way, and the question for news. Short questions instead of a stream: a
// stream carries no header, and the secret must stand in no address. Each costs little (204 when nothing is new), they come
// every two seconds only while somebody looks and talks, and they go on behind every proxy.
import { fetchFile, kept, mayPass, newKey, patience, send, sleep } from "./chat-net.js";

const words = document.getElementById("chat-text").dataset;
const lines = document.getElementById("lines");
const box = document.getElementById("words");
const writes = document.getElementById("writes");
const NEAR = 80; // pixels from the end at which somebody reads along
const TYPING_MS = 6000;
const shown = new Map(); // id → element
const waiting = new Map(); // key → element
const heard = new EventTarget();
let outbox = [];
let last = 0;
let mark = "";
let timer = null;
let failures = 0;
let active = Date.now();
let typed = 0;
let asking = false;
let sending = false;
let running = false;
let inSight = () => true;

// «facts», «gone», «unread», «line» (broken or not), «returned» (words that were not taken).
export const on = (name, run) => heard.addEventListener(name, (event) => run(event.detail));
const say = (name, detail) => heard.dispatchEvent(new CustomEvent(name, { detail }));

export function begin(sees) {
  inSight = sees;
  running = true;
  for (const known of [shown, waiting]) known.clear();
  [last, mark, failures] = [0, "", 0];
  try {
    outbox = JSON.parse(kept.get("outbox") ?? "[]");
  } catch {
    outbox = [];
  }
  outbox.forEach(showWaiting);
  ask();
  flush();
}

export function stop() {
  running = false;
  clearTimeout(timer);
}

// Somebody looks again: what came meanwhile is read now.
export function wake() {
  active = Date.now();
  if (running) ask();
  unread();
}

function pause() {
  if (failures) return Math.min(1000 * 2 ** failures, 30000);
  if (document.hidden || !inSight()) return 30000;
  const quiet = Date.now() - active;
  return quiet < 120000 ? 2000 : quiet < 600000 ? 5000 : 15000;
}

function schedule() {
  clearTimeout(timer);
  if (running) timer = setTimeout(ask, pause());
}

const isTyping = () => box.value.trim() !== "" && Date.now() - typed < TYPING_MS;
const isSeen = () => !document.hidden && inSight();

async function ask() {
  if (asking || !running) return;
  asking = true;
  clearTimeout(timer);
  try {
    const fields = { after: last, mark, read: Number(kept.get("read") ?? 0) };
    if (isTyping()) fields.writes = "on";
    take(await send("news/", fields));
  } catch {
    broke();
  } finally {
    asking = false;
    schedule();
  }
}

function broke() {
  failures = Math.min(failures + 1, 5);
  say("line", navigator.onLine ? words.failed : words.offline);
}

function take({ status, data }) {
  if (status === 404) {
    stop();
    return say("gone");
  }
  if (status === 429 || mayPass(status)) return broke();
  failures = 0;
  say("line", "");
  if (status !== 200) return undefined;
  // The answer to what was sent does not say whether somebody types; the next question does.
  mark = data.mark;
  data.lines.forEach(show);
  if (data.lines.length) active = Date.now();
  writes.textContent = data.writes ? words.writes : "";
  unread();
  say("facts", data);
  if (data.state === "ended") stop();
  return undefined;
}

function unread() {
  if (!last) return; // nothing is known yet
  if (isSeen()) {
    kept.set("read", String(last));
    say("unread", 0);
  } else {
    const read = Number(kept.get("read") ?? 0);
    say("unread", [...shown].filter(([id, line]) => id > read && !line.classList.contains("chat-own")).length);
  }
}

function follow(change) {
  const isNear = lines.scrollHeight - lines.scrollTop - lines.clientHeight < NEAR;
  const own = change();
  if (isNear || own) lines.scrollTop = lines.scrollHeight;
}

function blank(own) {
  const line = document.getElementById("line").content.firstElementChild.cloneNode(true);
  line.classList.toggle("chat-own", own);
  return line;
}

function show(line) {
  last = Math.max(last, line.id);
  if (shown.has(line.id)) return;
  follow(() => {
    const element = blank(line.own);
    element.querySelector(".chat-who").textContent = line.own ? words.you : line.author || words.us;
    const text = element.querySelector(".chat-words");
    text.innerHTML = line.html; // cleaned by the house (tickets/message_html.py), and the policy runs no script of it
    for (const link of text.querySelectorAll("a")) Object.assign(link, { target: "_blank", rel: "noopener noreferrer nofollow" });
    element.querySelector(".chat-line-files").append(...line.files.map(fileButton));
    element.querySelector(".chat-at").textContent = new Date(line.at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    shown.set(line.id, element);
    const before = waiting.get(line.key);
    if (before) forget(line.key);
    // What is on its way stands below what was said.
    const next = waiting.values().next().value;
    if (next) next.before(element);
    else lines.append(element);
    return line.own;
  });
}

function fileButton(file) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = file.name;
  button.addEventListener("click", async () => {
    try {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await fetchFile(file.id));
      link.download = file.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    } catch {
      say("line", words.failed);
    }
  });
  item.append(button);
  return item;
}

function showWaiting(sent) {
  follow(() => {
    const element = blank(true);
    element.classList.add("chat-waits");
    element.querySelector(".chat-who").textContent = words.you;
    element.querySelector(".chat-words").textContent = sent.body || (sent.files ?? []).map((file) => file.name).join(", ");
    element.querySelector(".chat-at").textContent = words.sending;
    waiting.set(sent.key, element);
    lines.append(element);
    return true;
  });
}

function forget(key) {
  waiting.get(key)?.remove();
  waiting.delete(key);
  outbox = outbox.filter((sent) => sent.key !== key);
  keep();
}

// Files outlive no reload; words do.
function keep() {
  kept.set("outbox", JSON.stringify(outbox.filter((sent) => sent.body).map(({ key, body }) => ({ key, body }))));
}

export function post(body, files = []) {
  const sent = { key: newKey(), body, files };
  outbox.push(sent);
  keep();
  showWaiting(sent);
  active = Date.now();
  typed = 0;
  flush();
}

// One after the other, each with its mark, so that what is sent again is not said twice.
async function flush() {
  if (sending) return;
  sending = true;
  while (outbox.length && running) {
    const sent = outbox[0];
    try {
      const answer = await send("say/", { body: sent.body, key: sent.key, after: last }, { files: sent.files ?? [] });
      if (answer.status === 429 || mayPass(answer.status)) {
        say("line", answer.data.text ?? words.failed);
        await sleep(5000);
        continue;
      }
      if (answer.status === 404) say("returned", { body: sent.body, text: "" });
      else if (answer.status !== 200) say("returned", { body: sent.body, text: answer.data.text ?? words.failed });
      forget(sent.key);
      take(answer);
    } catch {
      broke();
      await patience(pause());
    }
  }
  sending = false;
  schedule();
}

box.addEventListener("input", () => {
  typed = Date.now();
  active = typed;
  schedule();
});
document.addEventListener("visibilitychange", () => (document.hidden ? schedule() : wake()));
addEventListener("online", () => {
  failures = 0;
  wake();
  flush();
});
addEventListener("offline", () => say("line", words.offline));
addEventListener("pagehide", () => {
  if (running) send("news/", { gone: "on", read: Number(kept.get("read") ?? 0) }, { keepalive: true }).catch(() => {});
});
addEventListener("pageshow", (event) => event.persisted && wake());
