import { createHash } from 'node:crypto';

/**
 * The row of a sequence: `dim` values in [-1, 1), each a multiple of 2^-23, from the sequence alone.
 *
 * SHA-256 of the sequence's letters gives four little-endian 32-bit numbers a, b, c, d (its first 16 bytes), the state
 * of the generator sfc32. Each of its outputs r gives the next value, (r >>> 8) / 2^23 - 1, which float32 holds exactly.
 */
export function fakeVector(sequence: string, dim: number): Float32Array {
  const digest = createHash('sha256').update(sequence, 'latin1').digest();
  let a = digest.readInt32LE(0);
  let b = digest.readInt32LE(4);
  let c = digest.readInt32LE(8);
  let d = digest.readInt32LE(12);
  const vector = new Float32Array(dim);
  for (let index = 0; index < dim; index++) {
    const output = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + output) | 0;
    vector[index] = (output >>> 8) / 2 ** 23 - 1;
  }
  return vector;
}
