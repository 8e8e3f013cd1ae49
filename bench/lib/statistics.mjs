/**
 * @param {readonly number[]} values
 * @returns {number} the mean of the middle two where their number is even; NaN of none
 */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? NaN : (low + high) / 2;
}

const ENOUGH_SECONDS = 0.2;
const MAX_REPETITIONS = 20;

/**
 * Repeats what is over quickly, so that one interruption does not decide a round.
 *
 * @param {() => Promise<number>} measure gives seconds
 * @returns {Promise<number>} the median of them
 */
export async function sample(measure) {
  /** @type {number[]} */
  const seconds = [];
  let total = 0;
  while (seconds.length === 0 || (total < ENOUGH_SECONDS && seconds.length < MAX_REPETITIONS)) {
    const measured = await measure();
    total += measured;
    seconds.push(measured);
  }
  return median(seconds);
}
