// Demo mode: a click on a row fills the sign-in form. Without JavaScript the buttons stay hidden and the table remains.
const login = document.querySelector("input[name=login]");
const password = document.querySelector("input[name=password]");

for (const button of document.querySelectorAll("[data-demo-email]")) {
  if (!login || !password) break;
  button.hidden = false;
  button.addEventListener("click", () => {
    login.value = button.dataset.demoEmail;
    password.value = button.dataset.demoPassword;
    (login.form.querySelector("[type=submit], button:not([type])") || password).focus();
  });
}
