import type { DType } from '../torch/index.ts';
import { corrupted, incompatible, quote } from './errors.ts';
import type { ClassifierModel, ClassifierTensors, TensorName } from './model.ts';
import { shapeOf, TENSOR_NAMES } from './model.ts';

/** A tensor of a file, before anyone has looked at what it is. */
export interface FoundTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Values in C order, rounded to float32. */
  readonly read: () => Float32Array;
}

/** What a file has, under the names of a state dict. */
export interface FoundTensors {
  readonly tensors: ReadonlyMap<string, FoundTensor>;
  /** Undefined where the format does not say. */
  readonly eps: number | undefined;
}

/** Counts batches during training, and means nothing afterwards. */
const UNUSED = 'bn1.num_batches_tracked';

/** Default of torch, and what VirNucPro trains with. */
const DEFAULT_EPS = 1e-5;

/** Taken as float32: what the values are rounded to, or are exactly. */
const FLOATS: readonly DType[] = ['float32', 'float64', 'float16', 'bfloat16'];

/** More values than any classifier has. */
const MAX_VALUES = 1 << 24;

const EXPECTED = 'expected a classifier of VirNucPro: hidden_layer, bn1 and output_layer';

/**
 * Makes a model of what a file has, with every name, shape, type and value checked.
 *
 * @throws VirnucproError `CheckpointError.Incompatible`
 */
export function modelOf(path: string, { tensors: found, eps = DEFAULT_EPS }: FoundTensors): ClassifierModel {
  const named = withoutPrefix(found);
  requireNames(path, named);
  const [hidden = 0, features = 0] = requireMatrix(path, named, 'hidden_layer.weight');
  const [classes] = requireMatrix(path, named, 'output_layer.weight');
  if (classes !== 2) {
    throw incompatible(path, `output_layer has ${classes} classes, expected 2 (others and virus)`);
  }
  if (!(eps > 0 && eps < 1)) throw incompatible(path, `bn1.eps is ${eps}, expected a small number above 0`);
  requireShapes(path, named, { features, hidden });
  const tensors = readAll(path, named);
  requireVariances(path, tensors['bn1.running_var']);
  return { features, hidden, classes, eps, tensors };
}

/** DataParallel puts `module.` before all names. */
function withoutPrefix(found: ReadonlyMap<string, FoundTensor>): ReadonlyMap<string, FoundTensor> {
  const prefix = 'module.';
  const names = [...found.keys()];
  if (names.length === 0 || !names.every((name) => name.startsWith(prefix))) return found;
  return new Map([...found].map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

function requireNames(path: string, found: ReadonlyMap<string, FoundTensor>): void {
  const missing = TENSOR_NAMES.filter((name) => !found.has(name));
  if (missing.length > 0) {
    const others = [...found.keys()].slice(0, 3).map(quote);
    const has = others.length === 0 ? 'no tensors' : others.join(', ');
    throw incompatible(path, `${missing.join(', ')} missing (the file has ${has}); ${EXPECTED}`);
  }
  const known = new Set<string>([...TENSOR_NAMES, UNUSED]);
  const more = [...found.keys()].filter((name) => !known.has(name));
  if (more.length > 0) {
    throw incompatible(
      path,
      `has ${more.length} more tensors than expected, first ${quote(more[0] ?? '')}; ${EXPECTED} only`,
    );
  }
}

function requireMatrix(path: string, found: ReadonlyMap<string, FoundTensor>, name: TensorName): readonly number[] {
  const shape = found.get(name)?.shape ?? [];
  const numel = shape.reduce((product, size) => product * size, 1);
  if (shape.length === 2 && numel > 0 && numel <= MAX_VALUES) return shape;
  throw incompatible(
    path,
    `${name} has shape [${shape.join(', ')}], expected a matrix of at most ${MAX_VALUES} values`,
  );
}

function requireShapes(
  path: string,
  found: ReadonlyMap<string, FoundTensor>,
  { features, hidden }: { readonly features: number; readonly hidden: number },
): void {
  for (const name of TENSOR_NAMES) {
    const { shape = [], dtype = 'float32' } = found.get(name) ?? {};
    const expected = shapeOf(name, { features, hidden });
    if (shape.join() !== expected.join()) {
      throw incompatible(
        path,
        `${name} has shape [${shape.join(', ')}], expected [${expected.join(', ')}] ` +
          `as hidden_layer.weight is [${hidden}, ${features}]`,
      );
    }
    if (!FLOATS.includes(dtype)) {
      throw incompatible(path, `${name} is ${dtype}, expected float32 (or float64, float16, bfloat16)`);
    }
  }
}

function readAll(path: string, found: ReadonlyMap<string, FoundTensor>): ClassifierTensors {
  const read = (name: TensorName): [TensorName, Float32Array] => {
    const values = found.get(name)?.read();
    if (values === undefined) throw corrupted(path, `${name} could not be read`);
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw incompatible(
        path,
        `${name} holds ${values[bad]} at index ${bad}, expected finite numbers; train or export it again`,
      );
    }
    return [name, values];
  };
  return Object.fromEntries(TENSOR_NAMES.map(read)) as unknown as ClassifierTensors;
}

function requireVariances(path: string, variances: Float32Array): void {
  const bad = variances.findIndex((value) => value < 0);
  if (bad >= 0)
    throw incompatible(path, `bn1.running_var is ${variances[bad]} at index ${bad}, expected a variance, 0 or more`);
}
