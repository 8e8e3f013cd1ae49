import { ELEMENT_SIZE } from '../tensor/dtype.ts';
import type { DType } from '../tensor/dtype.ts';

/** Longest header that readers of safetensors accept. */
export const MAX_SAFETENSORS_HEADER_BYTES = 100_000_000;

/** Values start at a multiple of this, as the reference implementation lays them out. */
const ALIGNMENT = 8;

/** Element types by the names of the format. */
export const SAFETENSORS_DTYPES: Readonly<Record<string, DType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
};

export interface SafetensorsTensor {
  readonly name: string;
  readonly dtype: 'float32' | 'float64';
  readonly shape: readonly number[];
}

export interface SafetensorsContent {
  /** In the order in which their values follow, without gaps. */
  readonly tensors: readonly SafetensorsTensor[];
  /** Values of `__metadata__`: text, whatever they are. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Everything of a `.safetensors` file that stands before its values: the length of the header as a uint64, and the header,
 * JSON padded with spaces.
 *
 * @throws RangeError if readers would refuse the header for its length
 */
export function safetensorsHeader({ tensors, metadata }: SafetensorsContent): Buffer {
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  let offset = 0;
  for (const { name, dtype, shape } of tensors) {
    const end = shape.reduce((product, size) => product * size, ELEMENT_SIZE[dtype]) + offset;
    entries.push([name, { dtype: dtype === 'float32' ? 'F32' : 'F64', shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  if (length > MAX_SAFETENSORS_HEADER_BYTES) {
    throw new RangeError(`header of ${length} bytes, readers take at most ${MAX_SAFETENSORS_HEADER_BYTES}`);
  }
  const header = Buffer.alloc(8 + length, ' ');
  header.writeBigUInt64LE(BigInt(length));
  json.copy(header, 8);
  return header;
}
