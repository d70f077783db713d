/** The page's language: `t("…")` is `_("…")` of the templates, from the `#texts` block. */

/**
 * @typedef {Object} Texts
 * @property {string} locale
 * @property {Record<string, string | string[]>} texts English to this language; plurals as a list
 */

/** The order of a catalog's plural forms, as far as the language has them. */
const CATEGORIES = ["zero", "one", "two", "few", "many", "other"];

const { locale: pageLocale, texts } = read();
const rules = new Intl.PluralRules(pageLocale);
const categories = CATEGORIES.filter((category) =>
  rules
    .resolvedOptions()
    .pluralCategories.includes(/** @type {Intl.LDMLPluralRule} */ (category)),
);

/** @returns {Texts} */
function read() {
  const block = document.getElementById("texts");
  if (!block) return { locale: document.documentElement.lang || "en", texts: {} };
  return JSON.parse(block.textContent ?? "");
}

/** The page's language as a BCP 47 tag, for Intl. */
export const locale = pageLocale;

/**
 * The text in the page's language, `{name}` replaced by `values.name`.
 * @param {string} text in English, literal, so that it is found for the catalogs
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(text, values = {}) {
  const translated = texts[text];
  return fill(typeof translated === "string" ? translated : text, values);
}

/**
 * The text for this number; `{n}` is the number as the language writes it.
 * @param {string} one
 * @param {string} many
 * @param {number} n
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function tn(one, many, n, values = {}) {
  const forms = texts[one];
  const category = rules.select(n);
  const form = Array.isArray(forms)
    ? (forms[categories.indexOf(category)] ?? forms[forms.length - 1])
    : undefined;
  const english = n === 1 ? one : many;
  return fill(form ?? english, { n: n.toLocaleString(pageLocale), ...values });
}

/**
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
