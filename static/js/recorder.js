// [data-recorder] beside a [data-upload]: records the screen in pieces of a second, shows the recording, and hands it to the
// files of the form. It ends by itself after data-minutes or just below data-max-bytes. Its state is the attribute's value.
const TYPES = ["video/webm;codecs=vp9,opus", "video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];
const BITS = { videoBitsPerSecond: 560_000, audioBitsPerSecond: 48_000 }; // 5 minutes are below 25 MB
const ROOM = 0.95; // what is recorded between two pieces must fit too

const part = (box, name) => box.querySelector(`[data-recorder-${name}]`);

function be(box, state, words = "") {
  box.dataset.recorder = state;
  part(box, "said").textContent = words;
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

async function voice(box, stream) {
  if (!part(box, "voice").checked) return;
  try {
    const sound = await navigator.mediaDevices.getUserMedia({ audio: true });
    sound.getAudioTracks().forEach((track) => stream.addTrack(track));
  } catch {
    part(box, "said").textContent = box.dataset.silent;
  }
}

function forget(box) {
  const preview = part(box, "preview");
  if (preview.src) URL.revokeObjectURL(preview.src);
  preview.removeAttribute("src");
  delete preview.dataset.measured;
  box.recording = null;
}

async function record(box) {
  forget(box);
  let stream;
  try {
    stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 12 } }, audio: false });
  } catch {
    be(box, "ready", box.dataset.refused);
    part(box, "start").focus();
    return;
  }
  be(box, "running");
  await voice(box, stream);
  const type = TYPES.find((name) => MediaRecorder.isTypeSupported(name));
  const recorder = new MediaRecorder(stream, { mimeType: type, ...BITS });
  const pieces = [];
  let bytes = 0;
  const began = Date.now();
  const stop = () => recorder.state !== "inactive" && recorder.stop();
  const timer = setInterval(() => {
    const seconds = (Date.now() - began) / 1000;
    part(box, "clock").textContent = clock(seconds);
    if (seconds >= Number(box.dataset.minutes) * 60) stop();
  }, 500);
  recorder.addEventListener("dataavailable", ({ data }) => {
    if (data.size) pieces.push(data);
    bytes += data.size;
    if (bytes >= Number(box.dataset.maxBytes) * ROOM) stop();
  });
  recorder.addEventListener("stop", () => {
    clearInterval(timer);
    stream.getTracks().forEach((track) => track.stop());
    finish(box, pieces, type);
  });
  // The browser's own «stop sharing».
  stream.getVideoTracks()[0].addEventListener("ended", stop);
  box.stopRecording = stop;
  part(box, "clock").textContent = clock(0);
  recorder.start(1000);
  part(box, "stop").focus();
}

function finish(box, pieces, type) {
  const kind = type.split(";")[0];
  const stamp = new Date().toISOString().slice(0, 16).replace(/[:T]/g, "-");
  box.recording = new File(pieces, `${box.dataset.name}-${stamp}.${kind.split("/")[1]}`, { type: kind });
  part(box, "preview").src = URL.createObjectURL(box.recording);
  be(box, "done", box.dataset.done);
  part(box, "attach").focus();
}

function attach(box) {
  const zone = box.closest("form").querySelector("[data-upload]");
  zone.dispatchEvent(new CustomEvent("upload:add", { detail: [box.recording] }));
  forget(box);
  be(box, "ready", box.dataset.attached);
  part(box, "start").focus();
}

function start(box) {
  if (box.dataset.on) return;
  box.dataset.on = "1";
  box.hidden = false;
  if (!navigator.mediaDevices?.getDisplayMedia || !window.MediaRecorder) {
    be(box, "absent");
    return;
  }
  const acts = {
    start: () => record(box),
    stop: () => box.stopRecording?.(),
    attach: () => attach(box),
    again: () => record(box),
    discard: () => {
      forget(box);
      be(box, "ready");
      part(box, "start").focus();
    },
  };
  for (const [name, act] of Object.entries(acts)) part(box, name).addEventListener("click", act);
  window.addEventListener("pagehide", () => box.stopRecording?.());
}

document.querySelectorAll("[data-recorder]").forEach(start);
