// The tag on a company's site: a button, and a frame of ours in which everything happens. The site can read nothing of the
// frame, and this script tells it nothing: what goes between the two is «open», «close» and how many answers are unread, and
// only with the exact origin of the frame. It needs no style or script of the site's policy but script-src and frame-src.
(() => {
  "use strict";
  const tag = document.currentScript;
  if (!tag || document.querySelector("[data-helpdesk-chat]")) return;
  const source = new URL(tag.src);
  const key = tag.dataset.key || source.searchParams.get("key") || "";
  if (!/^[\w-]{8,64}$/.test(key)) return;

  const WORDS = {
    zh: { open: "打开在线客服", close: "收起在线客服", unread: (n) => `打开在线客服，${n} 条新回复`, frame: "在线客服" },
    en: { open: "Open the chat", close: "Close the chat", unread: (n) => `Open the chat, ${n} unread`, frame: "Chat" },
  };
  // Shown only when the frame answers: a site that is not on the list, or an unknown key, shows nothing at all.
  const PATIENCE_MS = 30000;
  const STYLE = `
    :host { all: initial; color-scheme: light dark; }
    button { position: fixed; inset: auto 20px 20px auto; z-index: 2147483001; width: 56px; height: 56px; padding: 0;
      border: 2px solid #fff; border-radius: 50%; background: #0b6b5d; color: #fff; cursor: pointer;
      box-shadow: 0 2px 6px rgb(20 40 34 / 20%), 0 8px 24px rgb(20 40 34 / 20%); }
    button:hover { background: #08574c; }
    button:focus-visible { outline: 3px solid #0b6b5d; outline-offset: 3px; }
    button svg { display: block; width: 26px; height: 26px; margin: auto; }
    span { position: absolute; inset: -6px -6px auto auto; min-width: 22px; padding: 0 5px; box-sizing: border-box; border-radius: 11px;
      background: #c4302b; color: #fff; font: 600 13px/22px system-ui, sans-serif; }
    [hidden] { display: none; }
    iframe { position: fixed; inset: auto 20px 92px auto; z-index: 2147483000; width: min(390px, calc(100vw - 40px));
      height: min(640px, calc(100vh - 112px)); border: 1px solid rgb(20 40 34 / 25%); border-radius: 14px; background: #fff;
      box-shadow: 0 2px 6px rgb(20 40 34 / 10%), 0 16px 48px rgb(20 40 34 / 25%); visibility: hidden; opacity: 0; }
    iframe.open { visibility: visible; opacity: 1; }
    @media (prefers-reduced-motion: no-preference) { iframe { transition: opacity 140ms; } }
    @media (prefers-color-scheme: dark) {
      button { border-color: #101514; background: #55c2ae; color: #06231e; }
      button:hover { background: #74d3c1; }
      button:focus-visible { outline-color: #74d3c1; }
      iframe { border-color: #2b3532; background: #181e1c; }
    }
    @media (max-width: 480px), (max-height: 480px) {
      iframe { inset: 0; width: 100vw; height: 100vh; height: 100dvh; border: 0; border-radius: 0; }
      iframe.open + button { visibility: hidden; }
    }
    @media print { button, iframe { display: none; } }`;

  const host = document.createElement("div");
  host.dataset.helpdeskChat = "";
  const root = host.attachShadow({ mode: "open" });
  const frame = document.createElement("iframe");
  const button = document.createElement("button");
  const badge = document.createElement("span");
  let words = WORDS[(document.documentElement.lang || navigator.language || "").startsWith("zh") ? "zh" : "en"];
  let isOpen = false;
  let unread = 0;
  let isReady = false;

  function dress() {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
    } catch {
      const style = document.createElement("style"); // browsers of before 2023
      style.textContent = STYLE;
      root.append(style);
    }
  }

  function icon() {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const looks = { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "2", "aria-hidden": "true" };
    for (const [name, value] of Object.entries(looks)) svg.setAttribute(name, value);
    path.setAttribute("d", "M4 5h16v11H10l-5 4v-4H4z");
    path.setAttribute("stroke-linejoin", "round");
    svg.append(path);
    return svg;
  }

  const tell = (what) => frame.contentWindow?.postMessage({ helpdesk: what, open: isOpen }, source.origin);

  function show() {
    button.setAttribute("aria-label", isOpen ? words.close : unread ? words.unread(unread) : words.open);
    button.setAttribute("aria-expanded", String(isOpen));
    badge.hidden = isOpen || !unread;
    badge.textContent = unread > 9 ? "9+" : String(unread);
    frame.title = words.frame;
    frame.className = isOpen ? "open" : "";
  }

  function turn(open) {
    if (isOpen === open) return;
    isOpen = open;
    show();
    tell(open ? "open" : "close");
    (open ? frame : button).focus();
  }

  addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.origin !== source.origin) return;
    const said = event.data ?? {};
    if (said.helpdesk === "ready") {
      isReady = true;
      words = WORDS[said.language === "en" ? "en" : "zh"];
      button.hidden = false;
    } else if (said.helpdesk === "close") turn(false);
    else if (said.helpdesk === "unread") unread = Number(said.count) || 0;
    show();
  });

  function begin() {
    dress();
    badge.setAttribute("aria-hidden", "true");
    button.type = "button";
    button.hidden = true;
    button.append(icon(), badge);
    button.addEventListener("click", () => turn(!isOpen));
    frame.src = `${source.origin}${source.pathname.replace(/chat\.js$/, "chat/")}${encodeURIComponent(key)}/`;
    frame.addEventListener("load", () => tell("hello"));
    root.append(frame, button);
    show();
    document.body.append(host);
    setTimeout(() => isReady || host.remove(), PATIENCE_MS);
  }

  // After the site's own things.
  if (document.readyState === "complete") begin();
  else addEventListener("load", begin, { once: true });
})();
