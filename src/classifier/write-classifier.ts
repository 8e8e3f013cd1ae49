import { safetensorsHeader } from '../torch/index.ts';
import { shapeOf, TENSOR_NAMES } from './model.ts';
import type { ReadClassifier } from './read-classifier.ts';

/**
 * The bytes of a safetensors file with the tensors of a classifier, float32, under the names of its state dict, and in its
 * metadata what they were read from and the eps of the batch normalization.
 */
export function classifierToSafetensors({ facts, model }: ReadClassifier): Buffer {
  const tensors = TENSOR_NAMES.map((name) => ({ name, dtype: 'float32' as const, shape: shapeOf(name, model) }));
  const metadata = { format: 'pt', eps: String(model.eps), source_format: facts.format, source_sha256: facts.sha256 };
  return Buffer.concat([
    safetensorsHeader({ tensors, metadata }),
    ...TENSOR_NAMES.map((name) => littleEndian(model.tensors[name])),
  ]);
}

function littleEndian(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(values.byteLength);
  for (const [index, value] of values.entries()) bytes.writeFloatLE(value, index * Float32Array.BYTES_PER_ELEMENT);
  return bytes;
}
