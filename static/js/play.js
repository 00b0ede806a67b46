// Who leaves the page lets go of the ticket that it held. What does not arrive ends by itself after some minutes.
window.addEventListener("pagehide", () => {
  const address = document.querySelector("#lease [data-release]")?.dataset.release;
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  if (address) fetch(address, { method: "POST", headers, keepalive: true });
});
