import { crc32 } from 'node:zlib';

export { crc32 };

/** CRC-32 of ZIP, bits reversed: x^32 is the implied top bit. */
const POLYNOMIAL = 0xedb88320;
/** The polynomial 1 in this bit order. */
const ONE = 0x80000000;

/** Product of two polynomials modulo {@link POLYNOMIAL}. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor;
    factor = (factor & 1) === 0 ? factor >>> 1 : (factor >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}

/** x^(8 × bytes): what a CRC is multiplied by when that many bytes follow. */
function powerOfBytes(bytes: number): number {
  let power = 1 << 23; // x^8
  let result = ONE;
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = multiply(result, power);
    power = multiply(power, power);
  }
  return result;
}

/**
 * The CRC-32 of a text of which one part was replaced by another of the same length, without reading the text.
 *
 * @param crc CRC-32 of the whole text before
 * @param bytesAfter how many bytes of the text follow the replaced part
 */
export function crc32Replaced(crc: number, before: Uint8Array, after: Uint8Array, bytesAfter: number): number {
  if (before.length !== after.length) throw new RangeError(`lengths differ: ${before.length}, ${after.length}`);
  const difference = crc32(before) ^ crc32(after);
  return (crc ^ multiply(difference >>> 0, powerOfBytes(bytesAfter))) >>> 0;
}

/**
 * The CRC-32 of two texts, one behind the other.
 *
 * @param bytesAfter length of the second
 */
export function crc32Joined(first: number, second: number, bytesAfter: number): number {
  return (multiply(first, powerOfBytes(bytesAfter)) ^ second) >>> 0;
}
