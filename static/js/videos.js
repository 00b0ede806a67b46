// A recording that was made in a browser does not say how long it is; going to its end once finds out, so that one can seek.
document.addEventListener("play", (event) => {
  const video = event.target;
  if (video.duration !== Infinity || video.dataset.measured) return;
  video.dataset.measured = "1";
  video.addEventListener("durationchange", () => { video.currentTime = 0; }, { once: true });
  video.currentTime = Number.MAX_SAFE_INTEGER;
}, true);
