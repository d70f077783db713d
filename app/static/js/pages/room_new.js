/** The new-room page: find a customer or add one, and offer another passcode. */

import { all, byId, make, report } from "../lib/dom.js";
import { t, tn } from "../lib/text.js";

/**
 * @typedef {Object} Customer
 * @property {string} id
 * @property {string} name
 * @property {string} phone
 * @property {string | null} email
 * @property {string | null} reference
 */

const PAUSE = 200;

const field = byId("customer", HTMLInputElement);
const chosenId = byId("customer_id", HTMLInputElement);
const list = byId("customer-list", HTMLUListElement);
const status = byId("customer-status", HTMLParagraphElement);
const clear = byId("customer-clear", HTMLButtonElement);
const title = byId("title", HTMLInputElement);
const dialog = byId("new-customer", HTMLDialogElement);
const dialogForm = byId("new-customer-form", HTMLFormElement);
const dialogFailed = byId("new-customer-failed", HTMLParagraphElement);

/** @type {Customer[]} */
let found = [];
let active = -1;
/** The text that goes with the chosen customer; another text is another wish. */
let chosenText = chosenId.value ? field.value : "";
let suggested = "";
let asked = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

prepareCombobox();
preparePasscode();
prepareDialog();
for (const input of all(document, "#room .input", HTMLElement)) {
  input.addEventListener("input", () => clearError(input));
}
const wrong = document.querySelector('#room [aria-invalid="true"]');
if (wrong instanceof HTMLElement) wrong.focus();
else if (!chosenId.value) field.focus();

// The combobox, by the WAI-ARIA pattern "editable combobox with list autocomplete".

function prepareCombobox() {
  clear.hidden = !field.value;
  field.addEventListener("input", () => {
    if (field.value !== chosenText) chosenId.value = "";
    clear.hidden = !field.value;
    clearTimeout(timer);
    timer = setTimeout(() => {
      search().catch(report);
    }, PAUSE);
  });
  field.addEventListener("keydown", onKey);
  field.addEventListener("blur", close);
  clear.addEventListener("click", () => {
    forget();
    field.focus();
  });
  // Pressing must not take the focus from the field: that would close the list.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
}

async function search() {
  const turn = ++asked;
  const query = field.value.trim();
  if (!query || chosenId.value) return close();
  const answer = await fetch(`/customers/search?q=${encodeURIComponent(query)}`);
  // A later question may have been answered earlier.
  if (turn !== asked) return;
  if (answer.status === 401) location.reload();
  if (!answer.ok) return;
  found = await answer.json();
  show();
}

function show() {
  active = -1;
  list.replaceChildren(...found.map(option));
  if (!found.length) list.append(nobody());
  list.hidden = false;
  field.setAttribute("aria-expanded", "true");
  field.removeAttribute("aria-activedescendant");
  status.textContent = found.length
    ? tn("{n} customer found", "{n} customers found", found.length)
    : t("Nobody found");
}

/**
 * @param {Customer} customer
 * @param {number} index
 */
function option(customer, index) {
  const details = [customer.phone, customer.email, customer.reference];
  const made = make(
    "li",
    {
      role: "option",
      id: `customer-${index}`,
      "aria-selected": "false",
      class: "option",
    },
    make("span", { class: "option-name" }, customer.name),
    make("span", { class: "option-details" }, details.filter(Boolean).join(" · ")),
  );
  made.addEventListener("click", () => choose(customer));
  return made;
}

function nobody() {
  const text = t("Nobody found. Add them with “New customer”.");
  const attributes = { role: "option", "aria-disabled": "true", class: "option-none" };
  return make("li", { ...attributes, "aria-selected": "false" }, text);
}

function close() {
  clearTimeout(timer);
  asked += 1;
  active = -1;
  list.hidden = true;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.key === "Escape") return list.hidden ? forget() : close();
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (list.hidden) return void search().catch(report);
    return move(event.key === "ArrowDown" ? 1 : -1);
  }
  const customer = found.length === 1 ? found[0] : found[active];
  if (event.key === "Enter" && !list.hidden && customer) {
    event.preventDefault();
    choose(customer);
  }
}

/** @param {1 | -1} step */
function move(step) {
  if (!found.length) return;
  const from = active === -1 && step === -1 ? 0 : active;
  active = (from + step + found.length) % found.length;
  const options = all(list, ".option", HTMLLIElement);
  options.forEach((item, index) => {
    item.setAttribute("aria-selected", String(index === active));
  });
  options[active]?.scrollIntoView({ block: "nearest" });
  field.setAttribute("aria-activedescendant", `customer-${active}`);
}

/** @param {Customer} customer */
function choose(customer) {
  chosenId.value = customer.id;
  chosenText = field.value = customer.name;
  clear.hidden = false;
  clearError(field);
  close();
  status.textContent = t("{name} is chosen.", { name: customer.name });
  suggestTitle(t("Call with {name}", { name: customer.name }));
}

/**
 * Offer a title, but leave alone what was typed.
 * @param {string} text
 */
function suggestTitle(text) {
  if (title.value && title.value !== suggested) return;
  title.value = suggested = text;
  clearError(title);
}

function forget() {
  chosenId.value = chosenText = field.value = "";
  clear.hidden = true;
  close();
}

// The passcode.

function preparePasscode() {
  const passcode = byId("passcode", HTMLInputElement);
  byId("passcode-new", HTMLButtonElement).addEventListener("click", () => {
    passcode.value = offerPasscode();
    clearError(passcode);
    passcode.focus();
    passcode.select();
  });
}

/** Six digits, each as likely as any other. */
function offerPasscode() {
  const numbers = crypto.getRandomValues(new Uint32Array(6));
  return Array.from(numbers, (number) => number % 10).join("");
}

// A new customer, without leaving the page.

function prepareDialog() {
  byId("customer-new", HTMLButtonElement).addEventListener("click", () => {
    dialogForm.reset();
    clearErrors();
    const typed = field.value.trim();
    const target = /^[+\d][\d\s-]*$/.test(typed) ? "new-phone" : "new-name";
    if (!chosenId.value) byId(target, HTMLInputElement).value = typed;
    dialog.showModal();
    byId("new-name", HTMLInputElement).focus();
  });
  byId("new-customer-cancel", HTMLButtonElement).addEventListener("click", () => {
    dialog.close();
  });
  dialogForm.addEventListener("submit", (event) => {
    event.preventDefault();
    add().catch(() => failed(t("There is no connection. Try again in a moment.")));
  });
}

async function add() {
  clearErrors();
  const answer = await fetch("/customers.json", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(Object.fromEntries(new FormData(dialogForm))),
  });
  const body = await answer.json();
  if (answer.ok) {
    dialog.close();
    choose(body);
    title.focus();
  } else if (body.error.fields) showErrors(body.error.fields);
  else failed(body.error.text);
}

/** @param {Record<string, string>} errors */
function showErrors(errors) {
  for (const [name, text] of Object.entries(errors)) {
    setError(byId(`new-${name}`, HTMLInputElement), text);
  }
  const first = dialogForm.querySelector('[aria-invalid="true"]');
  if (first instanceof HTMLElement) first.focus();
}

function clearErrors() {
  dialogFailed.hidden = true;
  all(dialogForm, ".input", HTMLInputElement).forEach(clearError);
}

/** @param {string} text */
function failed(text) {
  dialogFailed.hidden = false;
  dialogFailed.lastElementChild?.replaceChildren(text);
}

/**
 * @param {HTMLElement} input
 * @param {string} text
 */
function setError(input, text) {
  const place = byId(`${input.id}-error`, HTMLParagraphElement);
  place.lastElementChild?.replaceChildren(text);
  place.hidden = false;
  input.setAttribute("aria-invalid", "true");
}

/** @param {HTMLElement} input */
function clearError(input) {
  input.removeAttribute("aria-invalid");
  byId(`${input.id}-error`, HTMLParagraphElement).hidden = true;
}
