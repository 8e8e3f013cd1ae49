import { createWriteStream, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { randomNumbers } from './random.mjs';

/** Letters per chunk; contigs are whole numbers of chunks, so that none overlap. */
export const CHUNK_LENGTH = 500;
const CHUNKS_PER_CONTIG = 10;

/** Few A and T make few stops (TAA, TAG, TGA and their complements): about a third of all frames is free of them. */
const SHARE_OF_A = 0.09;

/**
 * Random contigs that are cut into `chunks` chunks.
 *
 * @param {string} path
 * @param {number} chunks
 * @param {number} seed
 */
export async function writeContigs(path, chunks, seed) {
  const random = randomNumbers(seed);
  const file = createWriteStream(path);
  for (let left = chunks, contig = 1; left > 0; contig++, left -= CHUNKS_PER_CONTIG) {
    const letters = Math.min(left, CHUNKS_PER_CONTIG) * CHUNK_LENGTH;
    if (!file.write(`>contig_${contig} made by bench:predict\n${randomSequence(letters, random)}\n`))
      await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
}

/**
 * @param {number} length
 * @param {() => number} random
 */
function randomSequence(length, random) {
  let letters = '';
  for (let at = 0; at < length; at++) {
    const draw = random();
    letters += draw < SHARE_OF_A ? 'A' : draw < 2 * SHARE_OF_A ? 'T' : draw < 0.5 + SHARE_OF_A ? 'C' : 'G';
  }
  return letters;
}

/** VirNucPro's classifier by the names in its state dict: shapes, and values about as large as torch begins with. */
const FEATURES = 3328;
const HIDDEN = 512;
const TENSORS = /** @type {const} */ ([
  ['hidden_layer.weight', [HIDDEN, FEATURES], -0.017, 0.017],
  ['hidden_layer.bias', [HIDDEN], -0.017, 0.017],
  ['bn1.weight', [HIDDEN], 0.5, 1.5],
  ['bn1.bias', [HIDDEN], -0.5, 0.5],
  ['bn1.running_mean', [HIDDEN], -0.3, 0.3],
  ['bn1.running_var', [HIDDEN], 0.2, 0.5],
  ['output_layer.weight', [2, HIDDEN], -0.044, 0.044],
  ['output_layer.bias', [2], -0.044, 0.044],
]);

/**
 * A classifier of random weights, as safetensors: 8 bytes with the length of the header, the header, the tensors.
 *
 * @param {string} path
 * @param {number} seed
 */
export function writeClassifier(path, seed) {
  const random = randomNumbers(seed);
  /** @type {Record<string, object>} */
  const header = {};
  const tensors = [];
  let offset = 0;
  for (const [name, shape, low, high] of TENSORS) {
    const length = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length }, () => low + (high - low) * random());
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
    tensors.push(Buffer.from(values.buffer));
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(padded.length));
  writeFileSync(path, Buffer.concat([size, padded, ...tensors]));
}
