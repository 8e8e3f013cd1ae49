// Writes a classifier of random weights: enough for a rehearsal of `virnucpro predict`, of no use for anything else.
//
//   node examples/random-classifier.mjs random.safetensors
import { writeFileSync } from 'node:fs';

const [file = 'random.safetensors'] = process.argv.slice(2);
const [FEATURES, HIDDEN, CLASSES] = [3328, 512, 2];
const SHAPES = {
  'hidden_layer.weight': [HIDDEN, FEATURES],
  'hidden_layer.bias': [HIDDEN],
  'bn1.weight': [HIDDEN],
  'bn1.bias': [HIDDEN],
  'bn1.running_mean': [HIDDEN],
  'bn1.running_var': [HIDDEN],
  'output_layer.weight': [CLASSES, HIDDEN],
  'output_layer.bias': [CLASSES],
};

/** The same numbers each time: a rehearsal that is started again goes on with the same classifier. */
let state = 1;
const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;

const header = {};
const parts = [];
let offset = 0;
for (const [name, shape] of Object.entries(SHAPES)) {
  const scale = name === 'hidden_layer.weight' ? 1 / Math.sqrt(FEATURES) : 0.5;
  const centre = name === 'bn1.weight' || name === 'bn1.running_var' ? 1 : 0;
  const length = shape.reduce((product, one) => product * one, 1);
  const values = Float32Array.from({ length }, () => centre + scale * (2 * random() - 1));
  header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
  offset += values.byteLength;
  parts.push(Buffer.from(values.buffer));
}
const json = Buffer.from(JSON.stringify(header));
const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
const length = Buffer.alloc(8);
length.writeBigUInt64LE(BigInt(padded.length));
writeFileSync(file, Buffer.concat([length, padded, ...parts]));
