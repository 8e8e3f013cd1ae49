/** The tensors of a classifier as torch names them, float32, row-major. */
export interface ClassifierTensors {
  /** [hidden, features] */
  readonly 'hidden_layer.weight': Float32Array;
  readonly 'hidden_layer.bias': Float32Array;
  /** Of the batch normalization of the hidden layer, [hidden] each. */
  readonly 'bn1.weight': Float32Array;
  readonly 'bn1.bias': Float32Array;
  readonly 'bn1.running_mean': Float32Array;
  readonly 'bn1.running_var': Float32Array;
  /** [classes, hidden] */
  readonly 'output_layer.weight': Float32Array;
  readonly 'output_layer.bias': Float32Array;
}

export type TensorName = keyof ClassifierTensors;

/** In the order of the state dict. */
export const TENSOR_NAMES: readonly TensorName[] = [
  'hidden_layer.weight',
  'hidden_layer.bias',
  'bn1.weight',
  'bn1.bias',
  'bn1.running_mean',
  'bn1.running_var',
  'output_layer.weight',
  'output_layer.bias',
];

/** softmax(relu(bn1(x · W1ᵀ + b1)) · W2ᵀ + b2) */
export interface ClassifierModel {
  readonly features: number;
  readonly hidden: number;
  /** `others` and `virus`. */
  readonly classes: 2;
  /** What the batch normalization adds to the variance. */
  readonly eps: number;
  readonly tensors: ClassifierTensors;
}

/** Shape of a tensor of a classifier with so many features and units. */
export function shapeOf(
  name: TensorName,
  { features, hidden }: Pick<ClassifierModel, 'features' | 'hidden'>,
): number[] {
  if (name === 'hidden_layer.weight') return [hidden, features];
  if (name === 'output_layer.weight') return [2, hidden];
  return [name === 'output_layer.bias' ? 2 : hidden];
}
