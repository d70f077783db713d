/** Typed look-ups in the page. What is missing is a mistake in a template: they throw. */

/**
 * The element with this id, of this type.
 * @template {Element} E
 * @param {string} id
 * @param {new () => E} type
 * @returns {E}
 */
export function byId(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`No ${type.name} with id ${id}`);
  return found;
}

/**
 * The first element inside `root` that matches, of this type.
 * @template {Element} E
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => E} type
 * @returns {E}
 */
export function within(root, selector, type) {
  const found = root.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`No ${type.name} at ${selector}`);
  return found;
}

/**
 * Every element inside `root` that matches, of this type.
 * @template {Element} E
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => E} type
 * @returns {E[]}
 */
export function all(root, selector, type) {
  return [...root.querySelectorAll(selector)].map((found) => {
    if (!(found instanceof type)) throw new Error(`Not a ${type.name}: ${selector}`);
    return found;
  });
}

/**
 * Make an element; text is set as text, never parsed.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * An icon of the sprite; it says nothing to a screen reader.
 * @param {string} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS("http://www.w3.org/2000/svg", "use"));
  setIcon(svg, name);
  return svg;
}

/**
 * Show another icon in an `svg.icon`, or in the first one inside an element.
 * @param {Element} holder
 * @param {string} name
 */
export function setIcon(holder, name) {
  const use = within(holder, "use", SVGUseElement);
  setAttribute(use, "href", `${document.documentElement.dataset.icons}#${name}`);
}

/**
 * Write a text where it is another one: also the same text makes the browser lay out
 * and paint anew.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Write an attribute where it has another value: styles may hang on it.
 * @param {Element} element
 * @param {string} name
 * @param {string} value
 */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * What the server tells this page's script, from the `#page-data` block.
 * The caller names the type: `const data = /** @type {PageData} *\/ (pageData())`.
 * @returns {unknown}
 */
export function pageData() {
  return JSON.parse(byId("page-data", HTMLScriptElement).text);
}

/**
 * For `promise.catch(report)`: a failure nobody waits for is at least seen.
 * @param {unknown} error
 */
export function report(error) {
  console.error(error);
}
