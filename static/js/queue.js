// The queue: choosing a filter applies it, and empty filters stay out of the address.
const form = document.querySelector("form[data-filter]");

if (form) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("select")) form.requestSubmit();
  });
  form.addEventListener("submit", () => {
    for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
  });
  // Coming back by history finds the controls usable again.
  window.addEventListener("pageshow", () => {
    for (const field of form.elements) field.disabled = false;
  });
}

// The ticket page goes on to the next one from here.
const numbers = [...document.querySelectorAll("a[data-row]")].map((link) => link.pathname.match(/\/tickets\/([^/]+)\//)?.[1]);
try {
  sessionStorage.setItem("queue", JSON.stringify({ address: location.pathname + location.search, numbers }));
} catch { /* private mode: one goes back to the first view */ }
