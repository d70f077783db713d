/**
 * How good speech sounds, after the E-model: ITU-T Recommendation G.107 (06/2015). Pure.
 *
 *     R = (Ro - Is) - Id - Ie,eff + A      (equation 7-1)
 *
 * With its default values (table 2) and no echo, which browsers cancel, Ro - Is is 93.2
 * and A is 0. What a network changes is the delay, Id, and the loss, Ie,eff.
 *
 * The scale is that of telephone speech. Opus sounds wider than that; the score says how
 * much of the best there is the network leaves.
 */

const BEST = 93.2;

/**
 * The codec (7-29). For Opus ITU-T G.113 names no values; assumed are those of G.711 with
 * packet loss concealment (G.113, Appendix I): no impairment of its own, and robust
 * against random loss, as Opus is with its concealment and in-band FEC.
 */
const IE = 0;
const BPL = 25.1;

/**
 * The mean opinion score, from 1 (bad) to 4.5.
 * @param {{delay: number, loss: number}} network `delay` from mouth to ear in
 *   milliseconds, `loss` of the sound's packets in percent, random
 */
export function mos({ delay, loss }) {
  return scoreOf(BEST - delayImpairment(delay) - lossImpairment(loss));
}

/**
 * Idd, of a long way without echo (7-27 and 7-28).
 * @param {number} ta milliseconds
 */
function delayImpairment(ta) {
  if (ta <= 100) return 0;
  const x = Math.log2(ta / 100);
  const bend = (/** @type {number} */ y) => (1 + y ** 6) ** (1 / 6);
  return 25 * (bend(x) - 3 * bend(x / 3) + 2);
}

/**
 * Ie,eff, of loss that comes at random: BurstR is 1 (7-29).
 * @param {number} ppl percent
 */
function lossImpairment(ppl) {
  return IE + ((95 - IE) * ppl) / (ppl + BPL);
}

/**
 * From R to the score (Annex B). Its cubic dips below 1 for the smallest R.
 * @param {number} r
 */
function scoreOf(r) {
  if (r <= 0) return 1;
  if (r >= 100) return 4.5;
  return Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}
