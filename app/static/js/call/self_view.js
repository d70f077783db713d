/** The own picture: small, moved by dragging, pressing or arrow keys, always inside. */

/** @import { Place, Size } from "./types.js" */

/** Pixels: distance from the edges, and of one step. */
const MARGIN = 16;
const STEP = 32;
/** A pointer that moves less was meant to press, not to drag. */
const STILL = 4;

/** @type {Record<string, [number, number]>} */
const STEPS = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

/**
 * The nearest place at which all of a box is inside a frame.
 * @param {Place} wanted
 * @param {Size} box
 * @param {Size} frame
 * @returns {Place}
 */
export function inside(wanted, box, frame) {
  const clamp = (/** @type {number} */ value, /** @type {number} */ most) =>
    Math.max(MARGIN, Math.min(value, most - MARGIN));
  return {
    x: clamp(wanted.x, frame.width - box.width),
    y: clamp(wanted.y, frame.height - box.height),
  };
}

/**
 * The corner that follows, clockwise: for who cannot drag.
 * @param {Place} middle of the box
 * @param {Size} frame
 * @returns {Place} beyond the frame, so that it is the corner inside
 */
export function nextCorner(middle, frame) {
  const [right, low] = [middle.x > frame.width / 2, middle.y > frame.height / 2];
  const far = (/** @type {boolean} */ yes) => (yes ? Infinity : -Infinity);
  if (right === low) return { x: far(!right), y: far(low) };
  return { x: far(right), y: far(!low) };
}

/**
 * @param {HTMLElement} view
 * @param {HTMLElement} frame the positioned element in which it moves
 */
export function movable(view, frame) {
  /** @type {Place | null} */
  let grip = null;
  let dragged = false;

  /**
   * @param {number} x
   * @param {number} y
   */
  function place(x, y) {
    const box = { width: view.offsetWidth, height: view.offsetHeight };
    const to = inside({ x, y }, box, frameSize());
    view.style.inset = `${to.y}px auto auto ${to.x}px`;
  }
  const frameSize = () => ({ width: frame.clientWidth, height: frame.clientHeight });
  const isPlaced = () => view.style.inset !== "";
  const canMove = () => view.tabIndex === 0;

  view.addEventListener("pointerdown", (event) => {
    if (!canMove()) return;
    grip = { x: event.clientX - view.offsetLeft, y: event.clientY - view.offsetTop };
    dragged = false;
    view.setPointerCapture(event.pointerId);
  });
  view.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const [x, y] = [event.clientX - grip.x, event.clientY - grip.y];
    dragged ||= Math.hypot(x - view.offsetLeft, y - view.offsetTop) > STILL;
    if (dragged) place(x, y);
  });
  view.addEventListener("pointerup", () => {
    if (grip && !dragged) hop();
    grip = null;
  });
  view.addEventListener("pointercancel", () => (grip = null));

  function hop() {
    const x = view.offsetLeft + view.offsetWidth / 2;
    const y = view.offsetTop + view.offsetHeight / 2;
    const corner = nextCorner({ x, y }, frameSize());
    place(corner.x, corner.y);
  }

  view.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step || !canMove()) return;
    event.preventDefault();
    place(view.offsetLeft + step[0], view.offsetTop + step[1]);
  });

  // Where the window or the own picture changes size, it stays inside.
  const observer = new ResizeObserver(() => {
    if (isPlaced() && canMove()) place(view.offsetLeft, view.offsetTop);
  });
  observer.observe(frame);
  observer.observe(view);
}
