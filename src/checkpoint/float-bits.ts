/**
 * Whether a stretch of float32 values, seen as their bits, holds a NaN or an infinity.
 *
 * Branch-free, because every byte that is written or checked deep passes here: an exponent of all ones carries into the
 * sign bit when one is added to it.
 */
export function hasNonFinite(bits: Int32Array, from: number, to: number): boolean {
  let exponents = 0;
  for (let at = from; at < to; at++) exponents |= ((bits[at] as number) & 0x7f800000) + 0x00800000;
  return exponents < 0;
}

/** Whether a stretch of float32 values is ±0 throughout. */
export function isAllZero(bits: Int32Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((bits[at] as number) << 1 !== 0) return false;
  return true;
}
