// <details class="menu"> closes by Escape, by a click elsewhere and when focus leaves; arrow keys walk its entries.
const menus = () => document.querySelectorAll("details.menu[open]");

function close(menu, refocus) {
  menu.open = false;
  if (refocus) menu.querySelector("summary").focus();
}

document.addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) close(menu, false);
});

document.addEventListener("focusout", (event) => {
  const menu = event.target.closest("details.menu[open]");
  if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) close(menu, false);
});

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest("details.menu[open]");
  if (!menu) return;
  if (event.key === "Escape") {
    event.stopPropagation();
    close(menu, true);
    return;
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const entries = [...menu.querySelectorAll(".menu-panel a, .menu-panel button:not(:disabled)")];
  if (!entries.length) return;
  event.preventDefault();
  const step = event.key === "ArrowDown" ? 1 : -1;
  const at = entries.indexOf(document.activeElement);
  entries[at < 0 && step < 0 ? entries.length - 1 : (at + step + entries.length) % entries.length].focus();
});
