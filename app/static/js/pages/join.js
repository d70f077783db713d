/** The join page: the phone field with countries, errors that go as one types. */

import { all, byId } from "../lib/dom.js";
import { prepareForOffline } from "../lib/offline.js";
import { locale, t, tn } from "../lib/text.js";

/** @typedef {{ intlTelInput: import("intl-tel-input").IntlTelInputInterface }} Global */

if (!canCall()) location.replace(document.documentElement.dataset.tooOld ?? "/too-old");

const form = byId("join", HTMLFormElement);
const phone = byId("phone", HTMLInputElement);
const country = byId("phone_country", HTMLInputElement);

preparePhone();
prepareForOffline();
for (const input of all(form, "input.input", HTMLInputElement)) {
  input.addEventListener("input", () => clearError(input));
}
form.querySelector('[aria-invalid="true"]')?.scrollIntoView({ block: "center" });
const first = form.querySelector('[aria-invalid="true"]');
if (first instanceof HTMLInputElement) first.focus();

/** Whether this browser has what a call needs; the permission is asked for later. */
function canCall() {
  return (
    "RTCPeerConnection" in window &&
    "addTransceiver" in RTCPeerConnection.prototype &&
    "replaceTrack" in RTCRtpSender.prototype &&
    "WebSocket" in window
  );
}

/** The country by flag and code; the number is read by the server, with the country. */
function preparePhone() {
  const { intlTelInput } = /** @type {Global} */ (/** @type {unknown} */ (window));
  const chosen = /** @type {import("intl-tel-input").Iso2} */ (
    country.value.toLowerCase()
  );
  const field = intlTelInput(phone, {
    initialCountry: chosen,
    countryOrder: [chosen],
    countryNameLocale: locale,
    uiTranslations: {
      selectedCountryAriaLabel: t("Country of the phone number: {name}, {code}", {
        name: "${countryName}",
        code: "${dialCode}",
      }),
      noCountrySelected: t("Choose the country of the phone number"),
      countryListAriaLabel: t("Countries"),
      searchPlaceholder: t("Search"),
      clearSearchAriaLabel: t("Clear the search"),
      closeCountrySelectorAriaLabel: t("Close"),
      searchEmptyState: t("No country found"),
      searchSummaryAria: (count) =>
        tn("{n} country found", "{n} countries found", count),
    },
  });
  form.addEventListener("submit", () => {
    country.value = field.getSelectedCountry()?.iso2 ?? "";
  });
}

/** @param {HTMLInputElement} input */
function clearError(input) {
  input.removeAttribute("aria-invalid");
  byId(`${input.id}-error`, HTMLParagraphElement).hidden = true;
}
