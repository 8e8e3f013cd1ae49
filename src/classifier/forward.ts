import { createProduct, MAX_ROWS } from './kernel/product.ts';
import type { Product, ProductKind } from './kernel/product.ts';
import { tileWeights } from './kernel/tiles.ts';
import type { TiledWeights } from './kernel/tiles.ts';
import type { ClassifierModel } from './model.ts';

/** A model in the form in which threads share it. */
export interface SharedModel {
  readonly weights: TiledWeights;
  /**
   * Four values for each unit: what its sum is multiplied with and what is added (bias and batch normalization in
   * one), then its weights for the two classes; at the end the biases of the classes.
   */
  readonly units: Float64Array<SharedArrayBuffer>;
}

/** Values of a unit in {@link SharedModel.units}. */
const UNIT = 4;

export function shareModel({ features, hidden, eps, tensors }: ClassifierModel): SharedModel {
  const units = new Float64Array(new SharedArrayBuffer((UNIT * hidden + 2) * Float64Array.BYTES_PER_ELEMENT));
  const at = (name: keyof typeof tensors, index: number): number => tensors[name][index] as number;
  for (let unit = 0; unit < hidden; unit++) {
    const scale = at('bn1.weight', unit) / Math.sqrt(at('bn1.running_var', unit) + eps);
    const shift = (at('hidden_layer.bias', unit) - at('bn1.running_mean', unit)) * scale + at('bn1.bias', unit);
    const outputs = [at('output_layer.weight', unit), at('output_layer.weight', hidden + unit)];
    units.set([scale, shift, ...outputs], UNIT * unit);
  }
  units.set([at('output_layer.bias', 0), at('output_layer.bias', 1)], UNIT * hidden);
  return { weights: tileWeights(tensors['hidden_layer.weight'], features, hidden), units };
}

/** Runs a model on rows. */
export interface Forward {
  readonly kind: ProductKind;
  /**
   * @param rows n × features
   * @returns n × 2: the probabilities of `others` and `virus`
   */
  classify(rows: Float32Array): Float32Array;
}

/** @param kinds of products, tried in this order */
export function createForward({ weights, units }: SharedModel, kinds?: readonly ProductKind[]): Forward {
  const { features, hidden } = weights;
  const product: Product = createProduct(weights, kinds);
  const sums = new Float32Array(MAX_ROWS * hidden);
  return {
    kind: product.kind,
    classify(rows) {
      const count = rows.length / features;
      const scores = new Float32Array(2 * count);
      for (let first = 0; first < count; first += MAX_ROWS) {
        const some = Math.min(MAX_ROWS, count - first);
        product.multiply(rows.subarray(first * features, (first + some) * features), some, sums);
        for (let row = 0; row < some; row++) score(sums, row * hidden, units, scores, 2 * (first + row));
      }
      return scores;
    },
  };
}

/** ReLU, output layer and softmax of one row, whose sums begin at `from`. */
function score(sums: Float32Array, from: number, units: Float64Array, scores: Float32Array, into: number): void {
  const last = units.length - 2;
  let others = units[last] as number;
  let virus = units[last + 1] as number;
  for (let at = 0, sum = from; at < last; at += UNIT, sum++) {
    const value = (sums[sum] as number) * (units[at] as number) + (units[at + 1] as number);
    // Not Math.max and not `value > 0`: NaN has to stay.
    if (value <= 0) continue;
    others += value * (units[at + 2] as number);
    virus += value * (units[at + 3] as number);
  }
  scores[into] = 1 / (1 + Math.exp(virus - others));
  scores[into + 1] = 1 / (1 + Math.exp(others - virus));
}
