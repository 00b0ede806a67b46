// The panel: its steps (find an article, read it, talk or leave a ticket), what was typed and not sent, and the few words that
// it exchanges with the site's page: «open», «close» and how many answers are unread. Never a word of the conversation.
import { kept, lasts, mayPass, newKey, newSecret, patience, send } from "./chat-net.js";
import * as talk from "./chat-talk.js";

const body = document.body;
const words = document.getElementById("chat-text").dataset;
const find = (selector) => document.querySelector(selector);
const steps = [...document.querySelectorAll("[data-step]")];
const box = find("#words");
const allowed = [...body.dataset.origins.split(" "), location.origin];
let page = null; // the exact origin of the site's page, once it said hello
let isOpen = true;
let files = [];

function tell(what, more = {}) {
  if (page) parent.postMessage({ helpdesk: what, ...more }, page);
}

addEventListener("message", (event) => {
  if (parent === window || event.source !== parent || !allowed.includes(event.origin)) return;
  const said = event.data?.helpdesk;
  if (said === "hello") {
    page = event.origin;
    isOpen = event.data.open === true;
    find("[data-close]").hidden = false;
    tell("ready", { language: document.documentElement.lang });
  } else if (page !== event.origin || !["open", "close"].includes(said)) return;
  else {
    isOpen = said === "open";
    if (isOpen) focus(current());
    // The site's page may have been open for hours: is somebody there by now?
    if (isOpen && current().dataset.step === "find") search();
  }
  talk.wake();
});

const current = () => steps.find((step) => !step.hidden);

function focus(step) {
  const first = step.dataset.step === "talk" ? box : step.querySelector("h2[tabindex], input, textarea");
  (first && !first.closest("[hidden]") ? first : find("#lines")).focus();
}

// `quietly`: the eye and the keyboard of whoever reads the site stay where they are.
function go(name, quietly = false) {
  for (const step of steps) step.hidden = step.dataset.step !== name;
  find("header [data-go]").hidden = name === "find" || name === "talk";
  if (isOpen && !quietly) focus(current());
}

function problem(form, text = "", errors = {}) {
  const place = form.querySelector("[data-problem]");
  // Each marked field has its reason here.
  place.textContent = [...new Set(Object.values(errors).flat())].join(" ") || text;
  place.hidden = !place.textContent;
  for (const field of form.elements) field.removeAttribute("aria-invalid");
  const wrong = Object.keys(errors).map((name) => form.elements[name]).filter((field) => field?.setAttribute);
  wrong.forEach((field) => field.setAttribute("aria-invalid", "true"));
  wrong[0]?.focus();
}

const line = (text) => {
  find("#offline").hidden = !text;
  find("#offline").textContent = text;
};

// What was typed is kept at every key; a draft goes when it was taken.
const typed = (form) => Object.fromEntries([...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "website" && name !== "opened"));
for (const form of [find("#begin"), find("#leave"), find("#say")]) {
  try {
    const draft = JSON.parse(kept.get(`draft:${form.id}`) ?? "{}");
    for (const [name, value] of Object.entries(draft)) if (form.elements[name]) form.elements[name].value = value;
  } catch { /* not ours */ }
  form.addEventListener("input", () => kept.set(`draft:${form.id}`, JSON.stringify(typed(form))));
}

// Sent until somebody answers: nothing typed is lost, and sent again it is the same.
async function insist(form, path, fields, options) {
  const button = form.querySelector("button:not([type='button'])");
  if (button.disabled) return null;
  button.disabled = true;
  problem(form);
  for (let wait = 2000; ; wait = Math.min(wait * 2, 30000)) {
    try {
      const answer = await send(path, fields, options);
      if (!mayPass(answer.status)) {
        line("");
        button.disabled = false;
        if (answer.status === 429) answer.data = { text: words.flood };
        return answer;
      }
      line(words.failed);
    } catch {
      line(navigator.onLine ? words.failed : words.offline);
    }
    await patience(wait);
  }
}

find("#search").addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
let soon = null;
find("#q").addEventListener("input", () => {
  clearTimeout(soon);
  soon = setTimeout(search, 400);
});

async function search() {
  const asked = find("#q").value;
  try {
    const answer = await send("search/", { q: asked });
    if (answer.status === 200 && asked === find("#q").value) {
      find("#articles").innerHTML = answer.data;
      staffed(find("#articles [data-staffed]") !== null);
    }
    line(answer.status === 429 ? words.flood : "");
  } catch {
    line(words.offline);
  }
}

find("#articles").addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-article]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  try {
    const answer = await send("article/", { slug: link.dataset.article });
    if (answer.status !== 200) return line(answer.data.text ?? words.failed);
    find("#article").innerHTML = answer.data;
    for (const one of document.querySelectorAll("#article a")) Object.assign(one, { target: "_blank", rel: "noopener" });
    go("article");
  } catch {
    line(words.offline);
  }
  return undefined;
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.go) go(button.dataset.go);
  if (button.dataset.way) {
    const form = find(`#${button.dataset.way}`);
    const first = form.elements.body ?? form.elements.subject;
    if (!first.value) first.value = find("#q").value;
    go(button.dataset.way);
  }
  if ("close" in button.dataset) tell("close");
  if ("end" in button.dataset) end(button);
  if ("anew" in button.dataset) {
    kept.drop("secret", "outbox", "read", "draft:say");
    location.reload();
  }
});
document.addEventListener("keydown", (event) => event.key === "Escape" && tell("close"));

find("#begin").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  // Another page of this site began meanwhile: a secret of ours would take its place, and lose the talk that it opens.
  if (kept.get("secret")) {
    enter();
    box.value ||= form.elements.body.value;
    return;
  }
  kept.set("secret", newSecret());
  const answer = await insist(form, "start/", { ...typed(form), website: form.elements.website.value, key: newKey() });
  if (!answer) return;
  if (answer.status === 200) {
    kept.drop("draft:begin");
    form.reset();
    enter();
    return;
  }
  kept.drop("secret");
  if (answer.data.code === "away") handOver(form, answer.data.text);
  else problem(form, answer.data.text ?? words.failed, answer.data.errors);
});

// Nobody is there any more: the same words leave as a ticket.
function handOver(form, text) {
  const said = form.elements.body.value.trim();
  const target = find("#leave");
  for (const name of ["name", "email"]) target.elements[name].value ||= form.elements[name].value;
  target.elements.subject.value ||= said.split("\n")[0].slice(0, 200);
  target.elements.description.value ||= said;
  staffed(false);
  go("leave");
  problem(target, text);
}

find("#leave").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const fields = { ...typed(form), website: form.elements.website.value, opened: form.elements.opened.value };
  const answer = await insist(form, "leave/", fields, { files: [...form.elements.files.files] });
  if (!answer) return;
  if (answer.status !== 200) {
    problem(form, answer.data.text ?? words.failed, answer.data.errors);
    return;
  }
  find("#done-number").textContent = answer.data.number;
  kept.drop("draft:leave");
  form.reset();
  form.elements.submission_key.value = newSecret(); // the next one is another ticket
  go("done");
});

const staffed = (yes) => {
  body.toggleAttribute("data-staffed", yes);
  find("[data-way='begin']").hidden = !yes;
  find("[data-way='leave']").classList.toggle("btn-primary", !yes);
  find("#state").textContent = yes ? words.here : words.away;
};

// The conversation that this browser holds the secret of.
function enter(quietly = false) {
  go("talk", quietly);
  talk.begin(() => isOpen);
}

find("#say").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = box.value.trim();
  if (!text && !files.length) return;
  problem(event.target);
  talk.post(text, files);
  box.value = "";
  choose([]);
  kept.drop("draft:say");
  box.focus();
});
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  find("#say").requestSubmit();
});

function choose(chosen) {
  const most = Number(body.dataset.maxFiles);
  const heaviest = Number(body.dataset.maxBytes);
  files = chosen.filter((file) => file.size <= heaviest).slice(0, most);
  const refused = chosen.filter((file) => !files.includes(file));
  if (refused.length) problem(find("#say"), `${words.tooBig} ${refused.map((file) => file.name).join(", ")}`);
  const list = find("#files");
  list.hidden = !files.length;
  list.replaceChildren(
    ...files.map((file) => {
      const item = document.createElement("li");
      const drop = document.createElement("button");
      drop.type = "button";
      drop.className = "btn btn-quiet btn-sm";
      drop.textContent = words.remove;
      drop.setAttribute("aria-label", `${words.remove} ${file.name}`);
      drop.addEventListener("click", () => choose(files.filter((other) => other !== file)));
      item.append(file.name, drop);
      return item;
    }),
  );
}
find("#file").addEventListener("change", (event) => {
  choose([...files, ...event.target.files]);
  event.target.value = "";
});

// Pressed twice: a frame of another site may not ask by a dialog.
async function end(button) {
  if (!button.dataset.sure) {
    button.dataset.sure = "yes";
    find("#writes").textContent = words.end;
    setTimeout(() => {
      delete button.dataset.sure;
      if (find("#writes").textContent === words.end) find("#writes").textContent = "";
    }, 8000);
    return;
  }
  const answer = await insistOn(button);
  if (answer) facts(answer.data);
}

async function insistOn(button) {
  button.disabled = true;
  try {
    const answer = await send("end/");
    return answer.status === 200 ? answer : null;
  } catch {
    line(words.offline);
    return null;
  } finally {
    button.disabled = false;
  }
}

function facts({ state, number }) {
  const isOver = state === "ended";
  if (isOver) talk.stop();
  find("#number").textContent = `${words.ticket} ${number}`;
  find("#state").textContent = { ended: words.ended, solved: words.solved }[state] ?? words.live;
  find("#say").hidden = isOver;
  find("#over").hidden = !isOver;
  if (isOver) find("#writes").textContent = "";
}

talk.on("facts", facts);
talk.on("line", line);
talk.on("unread", (count) => tell("unread", { count }));
talk.on("returned", ({ body: text, text: why }) => {
  box.value = [text, box.value].filter(Boolean).join("\n");
  kept.set("draft:say", JSON.stringify({ body: box.value }));
  problem(find("#say"), why);
});
talk.on("gone", () => {
  // What was typed goes along into a new one.
  const begun = find("#begin");
  if (box.value.trim()) begun.elements.body.value ||= box.value;
  kept.drop("secret", "outbox", "read", "draft:say");
  find("#lines").replaceChildren();
  staffed("staffed" in body.dataset);
  line("");
  go("find", true);
});

find("#no-storage").hidden = lasts;
if (kept.get("secret")) enter(true);
