// Light, dark or as the system says. The choice is a cookie, so that the server writes data-theme and nothing flashes.
const root = document.documentElement;

function choose(theme) {
  if (theme === "light" || theme === "dark") {
    root.dataset.theme = theme;
    document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
  } else {
    delete root.dataset.theme;
    document.cookie = "theme=; path=/; max-age=0; samesite=lax";
  }
  show();
}

function show() {
  const current = root.dataset.theme || "system";
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === current));
  }
}

// Without JavaScript the switch could do nothing, so it is only shown by it.
for (const part of document.querySelectorAll("[data-theme-switch]")) part.hidden = false;
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme-choice]");
  if (button) choose(button.dataset.themeChoice);
});
show();
