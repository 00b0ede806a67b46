// .dropzone[data-upload] around <input type="file" multiple>: drag and drop, paste a screenshot, see and drop what was chosen.
// Limits (data-max-files, data-max-bytes) are checked here for kindness only; the server decides.
const words = document.getElementById("ui-text")?.dataset ?? {};

function size(bytes) {
  return bytes < 1048576 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

function set(zone, input, files) {
  const most = Number(zone.dataset.maxFiles || 10);
  const heaviest = Number(zone.dataset.maxBytes || Infinity);
  const transfer = new DataTransfer();
  const refused = [];
  for (const file of files) {
    if (transfer.items.length < most && file.size <= heaviest) transfer.items.add(file);
    else refused.push(file.name);
  }
  input.files = transfer.files;
  show(zone, input, refused);
}

function thumbnail(file) {
  const image = document.createElement("img");
  image.className = "file-thumb";
  image.alt = "";
  image.src = URL.createObjectURL(file);
  image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
  return image;
}

// Browsers call every pasted picture image.png; when it was taken says more.
function named(file, index) {
  if (file.name && !/^image\.\w+$/.test(file.name)) return file;
  const local = new Date(Date.now() - new Date().getTimezoneOffset() * 60000);
  const stamp = local.toISOString().slice(0, 19).replace(/[:T]/g, "-");
  const kind = file.type.split("/")[1]?.replace(/\W.*/, "") || "png";
  return new File([file], `screenshot-${stamp}${index ? `-${index}` : ""}.${kind}`, { type: file.type });
}

function show(zone, input, refused = []) {
  const list = zone.querySelector(".file-list");
  list.replaceChildren();
  [...input.files].forEach((file, index) => {
    const item = document.createElement("li");
    item.className = "file-item";
    if (file.type.startsWith("image/")) item.append(thumbnail(file));
    const name = document.createElement("span");
    name.textContent = file.name;
    const weight = document.createElement("small");
    weight.textContent = size(file.size);
    const drop = document.createElement("button");
    drop.type = "button";
    drop.className = "btn btn-quiet btn-sm";
    drop.textContent = words.remove || "×";
    drop.setAttribute("aria-label", `${words.remove || "×"} ${file.name}`);
    drop.addEventListener("click", () => {
      set(zone, input, [...input.files].filter((_, other) => other !== index));
      input.focus();
    });
    item.append(name, weight, drop);
    list.append(item);
  });
  const problem = zone.querySelector("[data-upload-problem]");
  if (problem) {
    problem.hidden = !refused.length;
    problem.textContent = refused.length ? `${words.tooBig || ""} ${refused.join(", ")}` : "";
  }
}

function pasted(event, zone, input) {
  const images = [...(event.clipboardData?.files ?? [])];
  if (!images.length) return;
  event.preventDefault();
  set(zone, input, [...input.files, ...images.map(named)]);
}

function start(zone) {
  const input = zone.querySelector("input[type='file']");
  if (!input || zone.dataset.uploadOn) return;
  zone.dataset.uploadOn = "1";
  let before = [...input.files];
  input.addEventListener("change", () => {
    // Choosing again adds; the plain control would forget what was chosen first.
    set(zone, input, [...before.filter((old) => ![...input.files].some((file) => file.name === old.name && file.size === old.size)), ...input.files]);
    before = [...input.files];
  });
  zone.addEventListener("click", () => { before = [...input.files]; }, true);
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.dataset.over = "1";
    });
  }
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => delete zone.dataset.over);
  zone.addEventListener("upload:add", (event) => set(zone, input, [...input.files, ...event.detail]));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    set(zone, input, [...input.files, ...event.dataTransfer.files]);
  });
  (zone.closest("form") ?? zone).addEventListener("paste", (event) => pasted(event, zone, input));
}

const startAll = () => document.querySelectorAll("[data-upload]").forEach(start);
startAll();
document.addEventListener("htmx:afterSettle", startAll);
