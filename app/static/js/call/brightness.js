/** Whether a picture is black. */

const [WIDTH, HEIGHT] = [16, 12];
/** Of 255: what a covered lens still gives. */
const BLACK = 8;

/**
 * @param {HTMLVideoElement} video
 * @returns {boolean} false where it shows nothing yet
 */
export function isDark(video) {
  if (!video.videoWidth) return false;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return false;
  context.drawImage(video, 0, 0, WIDTH, HEIGHT);
  const { data } = context.getImageData(0, 0, WIDTH, HEIGHT);
  return data.every((value, i) => i % 4 === 3 || value < BLACK);
}
