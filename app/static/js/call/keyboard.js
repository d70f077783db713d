/** Single keys for the call, while nobody is typing. */

/**
 * @param {Record<string, () => void>} actions by the key that is pressed
 * @param {() => boolean} active whether they count at the moment
 */
export function shortcuts(actions, active) {
  addEventListener("keydown", (event) => {
    const action = actions[event.key.toLowerCase()];
    if (!action || !active() || isMeantForElse(event)) return;
    event.preventDefault();
    action();
  });
}

/** @param {KeyboardEvent} event */
function isMeantForElse({ ctrlKey, metaKey, altKey, repeat, isComposing, target }) {
  if (ctrlKey || metaKey || altKey || repeat || isComposing) return true;
  if (document.querySelector("dialog[open]")) return true;
  return target instanceof Element && !!target.closest("input, textarea, select");
}
