/** Longest header that readers of safetensors accept. */
export const MAX_SAFETENSORS_HEADER_BYTES = 100_000_000;

/** Values start at a multiple of this, as the reference implementation lays them out. */
const ALIGNMENT = 8;

export interface SafetensorsContent {
  readonly rows: number;
  readonly dim: number;
  readonly dtype: 'float32' | 'float64';
  /** Values of `__metadata__`: text, whatever they are. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Everything of a `.safetensors` file that stands before its values: the length of the header as a uint64, and the header,
 * JSON padded with spaces. The file has one tensor, `data` `[rows, dim]`.
 *
 * @throws RangeError if readers would refuse the header for its length
 */
export function safetensorsHeader({ rows, dim, dtype, metadata }: SafetensorsContent): Buffer {
  const size = dtype === 'float32' ? 4 : 8;
  const tensor = { dtype: dtype === 'float32' ? 'F32' : 'F64', shape: [rows, dim] };
  const data = { ...tensor, data_offsets: [0, rows * dim * size] };
  const json = Buffer.from(JSON.stringify({ __metadata__: metadata, data }));
  const length = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  if (length > MAX_SAFETENSORS_HEADER_BYTES) {
    throw new RangeError(`header of ${length} bytes, readers take at most ${MAX_SAFETENSORS_HEADER_BYTES}`);
  }
  const header = Buffer.alloc(8 + length, ' ');
  header.writeBigUInt64LE(BigInt(length));
  json.copy(header, 8);
  return header;
}
