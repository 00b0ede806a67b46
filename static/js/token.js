// A sign-in in another tab changes the token that forms carry. A page that was open before takes the new one over from the
// cookie, so that what was typed there can still be sent, as the words about the ended session promise.
const cookie = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
let known = cookie();

function renew() {
  const token = cookie();
  if (!token || token === known) return;
  known = token;
  const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "X-CSRFToken": token };
  document.body.setAttribute("hx-headers", JSON.stringify(headers));
  for (const field of document.querySelectorAll("input[name='csrfmiddlewaretoken']")) field.value = token;
}

window.addEventListener("focus", renew);
document.addEventListener("visibilitychange", renew);
document.addEventListener("submit", renew, true);
