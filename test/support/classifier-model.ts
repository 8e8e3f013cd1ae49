import { writeFileSync } from 'node:fs';
import { buildTorchZip, buildZip, torchRecords } from './build-zip.ts';
import { forge, forgedModule } from './forge-module.ts';
import type { Forged, ForgedEntry, ForgedTensor } from './forge-module.ts';

/** Weights of VirNucPro's `MLPClassifier`, row-major float32. */
export interface ClassifierWeights {
  readonly features: number;
  readonly hidden: number;
  readonly classes: 2;
  readonly eps: number;
  /** By their names in the state dict. */
  readonly tensors: Readonly<Record<ClassifierTensor, Float32Array>>;
}

export type ClassifierTensor =
  | 'hidden_layer.weight'
  | 'hidden_layer.bias'
  | 'bn1.weight'
  | 'bn1.bias'
  | 'bn1.running_mean'
  | 'bn1.running_var'
  | 'output_layer.weight'
  | 'output_layer.bias';

export interface RandomClassifierOptions {
  seed: number;
  /** @default 3328 */
  features?: number;
  /** @default 512 */
  hidden?: number;
}

/** Numbers in [0, 1): mulberry32. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Random weights that spread the scores of rows of unit size over the whole range. */
export function randomClassifier({ seed, features = 3328, hidden = 512 }: RandomClassifierOptions): ClassifierWeights {
  const random = randomNumbers(seed);
  const draw = (length: number, low: number, high: number): Float32Array =>
    Float32Array.from({ length }, () => low + (high - low) * random());
  const scale = 1 / Math.sqrt(features);
  const tensors = {
    'hidden_layer.weight': draw(hidden * features, -scale, scale),
    'hidden_layer.bias': draw(hidden, -scale, scale),
    'bn1.weight': draw(hidden, 0.5, 1.5),
    'bn1.bias': draw(hidden, -0.5, 0.5),
    'bn1.running_mean': draw(hidden, -0.3, 0.3),
    'bn1.running_var': draw(hidden, 0.05, 0.4),
    'output_layer.weight': draw(2 * hidden, -0.3, 0.3),
    'output_layer.bias': draw(2, -0.2, 0.2),
  };
  return { features, hidden, classes: 2, eps: 1e-5, tensors };
}

/** Shapes as torch has them. */
export function shapeOf(name: ClassifierTensor, { features, hidden, classes }: ClassifierWeights): number[] {
  if (name === 'hidden_layer.weight') return [hidden, features];
  if (name === 'output_layer.weight') return [classes, hidden];
  return [name === 'output_layer.bias' ? classes : hidden];
}

/** The forward pass in float64, row by row: what every implementation has to come to within 1e-6. */
export function classifyInDoubles(weights: ClassifierWeights, rows: Float32Array): Float64Array {
  const { features, hidden, eps, tensors } = weights;
  const count = rows.length / features;
  const scores = new Float64Array(2 * count);
  for (let row = 0; row < count; row++) {
    const logits = [0, 1].map((one) => tensors['output_layer.bias'][one] as number);
    for (let unit = 0; unit < hidden; unit++) {
      const at = (name: ClassifierTensor): number => tensors[name][unit] as number;
      let sum = at('hidden_layer.bias');
      for (let i = 0; i < features; i++) {
        sum += (rows[row * features + i] as number) * (tensors['hidden_layer.weight'][unit * features + i] as number);
      }
      const scaled = ((sum - at('bn1.running_mean')) / Math.sqrt(at('bn1.running_var') + eps)) * at('bn1.weight');
      const active = Math.max(0, scaled + at('bn1.bias'));
      for (const one of [0, 1]) {
        logits[one] =
          (logits[one] as number) + active * (tensors['output_layer.weight'][one * hidden + unit] as number);
      }
    }
    const first = 1 / (1 + Math.exp((logits[1] as number) - (logits[0] as number)));
    scores.set([first, 1 / (1 + Math.exp((logits[0] as number) - (logits[1] as number)))], 2 * row);
  }
  return scores;
}

export interface ForgeClassifierOptions {
  /** @default '2.9' */
  torch?: '1.13' | '2.9';
  /** Module of the class `MLPClassifier`. @default '__main__' */
  module?: string;
  /** Where the tensors were: `cpu`, `cuda:0`. @default 'cpu' */
  location?: string;
}

const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

function tensorOf(weights: ClassifierWeights, name: ClassifierTensor, location: string): ForgedTensor {
  const bytes = bytesOf(weights.tensors[name]);
  return { storage: 'FloatStorage', shape: shapeOf(name, weights), bytes, itemSize: 4, location };
}

/** `num_batches_tracked`, a scalar. */
function batches(location: string): ForgedTensor {
  return { storage: 'LongStorage', shape: [], bytes: new Uint8Array(8), itemSize: 8, location };
}

/** The classifier as `torch.save(model)` pickles it. */
export function forgedClassifier(weights: ClassifierWeights, options: ForgeClassifierOptions = {}): Forged {
  const { torch = '2.9', module = '__main__', location = 'cpu' } = options;
  const { features, hidden, classes, eps } = weights;
  const own = (layer: string, name: string): ForgedEntry => {
    return [name, tensorOf(weights, `${layer}.${name}` as ClassifierTensor, location)];
  };
  const parameters = (layer: string): ForgedEntry[] =>
    ['weight', 'bias'].map((name) => [name, { ...(own(layer, name)[1] as ForgedTensor), isParameter: true }]);
  const linear = (layer: string, inputs: number, outputs: number): ForgedEntry => [
    layer,
    forgedModule(
      ['torch.nn.modules.linear', 'Linear'],
      {
        parameters: parameters(layer),
        attributes: [
          ['in_features', inputs],
          ['out_features', outputs],
        ],
      },
      torch,
    ),
  ];
  const norm = forgedModule(
    ['torch.nn.modules.batchnorm', 'BatchNorm1d'],
    {
      parameters: parameters('bn1'),
      buffers: [own('bn1', 'running_mean'), own('bn1', 'running_var'), ['num_batches_tracked', batches(location)]],
      attributes: [
        ['num_features', hidden],
        ['eps', { float: eps }],
        ['momentum', { float: 0.1 }],
        ['affine', true],
        ['track_running_stats', true],
      ],
    },
    torch,
  );
  const relu = forgedModule(['torch.nn.modules.activation', 'ReLU'], { attributes: [['inplace', false]] }, torch);
  const dropout = forgedModule(
    ['torch.nn.modules.dropout', 'Dropout'],
    {
      attributes: [
        ['p', { float: 0.5 }],
        ['inplace', false],
      ],
    },
    torch,
  );
  const modules: ForgedEntry[] = [
    linear('hidden_layer', features, hidden),
    ['bn1', norm],
    ['relu', relu],
    ['dropout', dropout],
    linear('output_layer', hidden, classes),
  ];
  return forgedModule([module, 'MLPClassifier'], { modules }, torch);
}

/** Its state dict, as `torch.save(model.state_dict())` pickles it. */
export function forgedStateDict(weights: ClassifierWeights, prefix = '', location = 'cpu'): Forged {
  const names = Object.keys(weights.tensors) as ClassifierTensor[];
  const entries = names.map((name): ForgedEntry => [`${prefix}${name}`, tensorOf(weights, name, location)]);
  entries.splice(6, 0, [`${prefix}bn1.num_batches_tracked`, batches(location)]);
  return { dict: entries, ordered: true, attributes: { dict: [['_metadata', { dict: [], ordered: true }]] } };
}

/** A whole `.pth` file around a value. */
export function torchFileOf(root: Forged): Buffer {
  const { pickle, storages } = forge(root);
  return buildTorchZip(pickle, storages).bytes;
}

/** The same as torch writes it after `set_crc32_options(False)`. */
export function torchFileWithoutCrcs(root: Forged): Buffer {
  const { pickle, storages } = forge(root);
  const [, ...others] = torchRecords(storages);
  return buildZip([{ name: 'data.pkl', content: pickle }, ...others].map((record) => ({ ...record, crc: 0 }))).bytes;
}

/** A whole `.safetensors` file. */
export function safetensorsOf(weights: ClassifierWeights, metadata: Readonly<Record<string, string>> = {}): Buffer {
  const names = Object.keys(weights.tensors) as ClassifierTensor[];
  const header: Record<string, unknown> = { __metadata__: { format: 'pt', ...metadata } };
  let offset = 0;
  for (const name of names) {
    const size = weights.tensors[name].byteLength;
    header[name] = { dtype: 'F32', shape: shapeOf(name, weights), data_offsets: [offset, offset + size] };
    offset += size;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, ...names.map((name) => bytesOf(weights.tensors[name]))]);
}

export interface WriteClassifierOptions extends RandomClassifierOptions {
  /** `module`: the whole object, as VirNucPro publishes it. @default 'module' */
  format?: 'safetensors' | 'module' | 'state-dict';
}

/** Writes a random classifier without Python. @returns its weights */
export function writeRandomClassifier(path: string, options: WriteClassifierOptions): ClassifierWeights {
  const weights = randomClassifier(options);
  const { format = 'module' } = options;
  if (format === 'safetensors') writeFileSync(path, safetensorsOf(weights));
  else writeFileSync(path, torchFileOf(format === 'module' ? forgedClassifier(weights) : forgedStateDict(weights)));
  return weights;
}
