/** The login page: show what is typed. */

import { byId, setIcon } from "../lib/dom.js";

const password = byId("password", HTMLInputElement);
const show = byId("show", HTMLButtonElement);

show.hidden = false;
show.addEventListener("click", () => {
  const visible = password.type === "password";
  password.type = visible ? "text" : "password";
  show.setAttribute("aria-pressed", String(visible));
  setIcon(show, visible ? "eye-off" : "eye");
  password.focus();
});
