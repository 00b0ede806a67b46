// What the panel keeps in the browser, and how it asks the server: by POST, without cookies, the secret in a header. It never
// stands in an address, because addresses are logged.
const body = document.body;
const PLACE = `chat:${body.dataset.widget}:`;
const TIMEOUT_MS = 20000;
const memory = new Map();

export const lasts = (() => {
  try {
    return Boolean(localStorage);
  } catch {
    return false;
  }
})();

// Browsers may give a frame of another site no storage at all; then everything lasts as long as the frame.
export const kept = {
  get(name) {
    try {
      return localStorage.getItem(PLACE + name) ?? memory.get(name) ?? null;
    } catch {
      return memory.get(name) ?? null;
    }
  },
  set(name, value) {
    memory.set(name, value);
    try {
      localStorage.setItem(PLACE + name, value);
    } catch { /* full or forbidden */ }
  },
  drop(...names) {
    for (const name of names) {
      memory.delete(name);
      try {
        localStorage.removeItem(PLACE + name);
      } catch { /* forbidden */ }
    }
  },
};

const bytes = (count) => crypto.getRandomValues(new Uint8Array(count));

// 256 random bits in 43 letters: drawn here, known to this browser alone, kept by the server as a hash.
export function newSecret() {
  return btoa(String.fromCharCode(...bytes(32))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// The mark of one sending (UUID version 4); `crypto.randomUUID` is missing where a house runs without certificates.
export function newKey() {
  const raw = bytes(16);
  raw[6] = (raw[6] & 0x0f) | 0x40;
  raw[8] = (raw[8] & 0x3f) | 0x80;
  const hex = [...raw].map((one) => one.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

async function ask(path, fields, { files = [], keepalive = false } = {}) {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  for (const file of files) data.append("files", file);
  const secret = kept.get("secret");
  return fetch(body.dataset.base + path, {
    method: "POST",
    body: data,
    headers: secret ? { Authorization: `Bearer ${secret}` } : {},
    credentials: "omit",
    cache: "no-store",
    redirect: "error",
    keepalive,
    // A file may take as long as the line is slow.
    signal: files.length || keepalive ? undefined : AbortSignal.timeout?.(TIMEOUT_MS),
  });
}

// {status, data}; throws when nobody answered.
export async function send(path, fields = {}, options = {}) {
  const response = await ask(path, fields, options);
  const isJson = response.headers.get("content-type")?.includes("json");
  return { status: response.status, data: isJson ? await response.json() : await response.text() };
}

export async function fetchFile(id) {
  const response = await ask(`files/${id}/`, {});
  if (!response.ok) throw new Error(String(response.status));
  return response.blob();
}

// Whether the same may be sent once more, as it is.
export const mayPass = (status) => status >= 500 || status === 408;

export const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

// Until the next attempt; shorter when the line is back before.
export const patience = (ms) => Promise.race([sleep(ms), new Promise((back) => addEventListener("online", back, { once: true }))]);
