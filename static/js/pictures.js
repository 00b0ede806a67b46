// Pictures of the page one by one: <a href="…" data-picture="name"> opens #picture-dialog instead of the bare file.
// Arrow keys go on, + and - zoom, 0 fits again; Esc closes. Without this script the link opens the picture itself.
const dialog = document.getElementById("picture-dialog");
const ZOOM = [0, 0.5, 1, 2, 4]; // 0: as large as fits
let links = [];
let at = 0;
let zoom = 0;

const part = (name) => dialog.querySelector(`[data-picture-${name}]`);

function scale(step) {
  const image = part("shown");
  zoom = step ? Math.min(Math.max(zoom + step, 0), ZOOM.length - 1) : 0;
  // From «fits» the first step up must not shrink a picture that is smaller than the window.
  if (step > 0) while (zoom < ZOOM.length - 1 && ZOOM[zoom] * image.naturalWidth <= image.clientWidth) zoom += 1;
  image.classList.toggle("picture-zoomed", zoom > 0);
  image.style.width = zoom ? `${image.naturalWidth * ZOOM[zoom]}px` : "";
}

function show(index) {
  at = (index + links.length) % links.length;
  const { href, dataset } = links[at];
  const image = part("shown");
  image.src = href;
  image.alt = dataset.picture;
  dialog.querySelector("h2").textContent = dataset.picture;
  part("position").textContent = [at + 1, links.length].reduce((text, value) => text.replace("%s", value), dialog.dataset.position);
  part("save").href = href;
  part("save").download = dataset.picture;
  for (const button of dialog.querySelectorAll("[data-picture-step]")) button.hidden = links.length < 2;
  scale(0);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-picture]");
  if (!link || !dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  links = [...document.querySelectorAll("[data-picture]")];
  dialog.showModal();
  show(links.indexOf(link));
});

dialog?.addEventListener("click", (event) => {
  const step = event.target.closest("[data-picture-step]");
  const zoomer = event.target.closest("[data-picture-zoom]");
  if (step) show(at + Number(step.dataset.pictureStep));
  if (zoomer) scale(Number(zoomer.dataset.pictureZoom));
  if (event.target === part("shown")) scale(zoom ? 0 : 1);
});

dialog?.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const act = {
    ArrowLeft: () => show(at - 1),
    ArrowRight: () => show(at + 1),
    "+": () => scale(1),
    "=": () => scale(1),
    "-": () => scale(-1),
    0: () => scale(0),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
