/** Digits that tell every float32 apart. */
const MAX_DIGITS = 9;
/** Most float32 values need 7 or 8 digits. */
const FIRST_GUESS = 8;

/** Below this numpy writes powers of ten. */
const SMALL = 1e-4;

/**
 * A probability as numpy prints a float32: the fewest digits that give the same float32 when they are read, with at least
 * one behind the point (`1.0`), and an exponent of at least two digits below 1e-4 (`2.0767e-05`).
 *
 * @param score from 0 to 1; rounded to float32 first
 */
export function scoreText(score: number): string {
  const rounded = Math.fround(score);
  if (rounded === 0) return '0.0';
  const [digits, exponent] = shortest(rounded);
  return rounded < SMALL ? scientific(digits, exponent) : positional(digits, exponent);
}

/** The significant digits, and the power of ten of the first one. */
function shortest(value: number): [string, number] {
  let count = FIRST_GUESS;
  if (isSame(value, count)) while (count > 1 && isSame(value, count - 1)) count--;
  else while (count < MAX_DIGITS && !isSame(value, ++count));
  const [mantissa = '', exponent = ''] = value.toExponential(count - 1).split('e');
  const digits = mantissa.replace('.', '').replace(/0+$/u, '');
  return [tieToEven(value, count, Number(exponent)) ?? digits, Number(exponent)];
}

function isSame(value: number, digits: number): boolean {
  return Math.fround(Number(value.toPrecision(digits))) === value;
}

/** Enough for every digit of a float32 from 1e-4 on; smaller ones with a tie there do not occur. */
const ALL_DIGITS = 60;

/**
 * A value that lies half-way between two numbers of `count` digits: numpy takes the even one, JavaScript the larger.
 *
 * @returns undefined where both agree
 */
function tieToEven(value: number, count: number, exponent: number): string | undefined {
  const next = value.toExponential(count);
  if (next.charAt(count + 1) !== '5') return undefined;
  const [mantissa = ''] = value.toExponential(ALL_DIGITS).split('e');
  const all = mantissa.replace('.', '');
  const kept = all.slice(0, count);
  if (!/^50*$/u.test(all.slice(count)) || Number(kept.at(-1)) % 2 === 1) return undefined;
  return Math.fround(Number(`${kept}e${exponent - count + 1}`)) === value ? kept.replace(/0+$/u, '') : undefined;
}

function positional(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  return `${digits.charAt(0)}.${digits.slice(1) || '0'}`;
}

function scientific(digits: string, exponent: number): string {
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  return `${digits.charAt(0)}${fraction}e-${String(-exponent).padStart(2, '0')}`;
}
