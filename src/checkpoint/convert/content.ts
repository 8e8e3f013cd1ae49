import { basename } from 'node:path';
import { safetensorsHeader } from '../../torch/index.ts';
import { incompatible } from '../errors.ts';
import { KINDS } from '../kinds.ts';
import type { IndexedCheckpoint } from '../rows/index-checkpoint.ts';
import { quote } from '../text.ts';
import type { WrittenKind } from '../types.ts';
import { npyHeader } from './npy.ts';
import type { SourceRows } from './source-rows.ts';

/** The bytes of a file to be, made anew each time that they are asked for. */
export interface FileContent {
  readonly bytes: number;
  chunks(): Iterable<Uint8Array>;
}

type Dtype = 'float32' | 'float64';

const ARRAYS = { float32: Float32Array, float64: Float64Array } as const;

/** What the rows are: those of a batch file are told apart by their length, as files of these kinds are. */
export function writtenKind({ kind, index }: Pick<IndexedCheckpoint, 'kind' | 'index'>): WrittenKind {
  if (kind !== 'batch' && kind !== 'generic') return kind;
  return index.dim === KINDS.merged.dim ? 'merged' : 'vectors';
}

export function npyContent(source: SourceRows, dtype: Dtype): FileContent {
  return arrayContent(npyHeader(source.rows, source.dim, dtype), source, dtype);
}

/** @throws CheckpointError `LIMIT_EXCEEDED` where the ids are too long for the header of the format */
export function safetensorsContent(indexed: IndexedCheckpoint, source: SourceRows, dtype: Dtype): FileContent {
  const { path, ids, version } = indexed;
  const metadata = { ids: JSON.stringify(ids), kind: writtenKind(indexed), version, source: basename(path) };
  try {
    const data = { name: 'data', dtype, shape: [source.rows, source.dim] };
    return arrayContent(safetensorsHeader({ tensors: [data], metadata }), source, dtype);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const text = `ids do not fit into a .safetensors file (${error.message}); convert to .npy`;
    throw incompatible(path, 'LIMIT_EXCEEDED', text, { cause: error });
  }
}

/**
 * One id a line, UTF-8, each line ended by a line feed.
 *
 * @throws CheckpointError `IDS_INVALID` where an id cannot be a line of text
 */
export function idsContent({ path, ids }: IndexedCheckpoint): FileContent {
  const at = ids.findIndex((id) => /[\n\r]/u.test(id) || /\p{Surrogate}/u.test(id));
  if (at >= 0) {
    const text = `id ${quote(ids[at] ?? '')} of row ${at} cannot be a line of text; convert to .safetensors`;
    throw incompatible(path, 'IDS_INVALID', text);
  }
  const bytes = Buffer.from(ids.map((id) => `${id}\n`).join(''));
  return { bytes: bytes.byteLength, chunks: () => [bytes] };
}

/** The values follow in C order, little-endian. */
function arrayContent(header: Buffer, source: SourceRows, dtype: Dtype): FileContent {
  const type = ARRAYS[dtype];
  return {
    bytes: header.byteLength + source.rows * source.dim * type.BYTES_PER_ELEMENT,
    *chunks() {
      yield header;
      for (const block of source.blocks<Float32Array | Float64Array>(type)) yield littleEndian(block);
    },
  };
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function littleEndian(values: Float32Array | Float64Array): Uint8Array {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  if (LITTLE_ENDIAN) return bytes;
  return values.BYTES_PER_ELEMENT === 4 ? Buffer.from(bytes).swap32() : Buffer.from(bytes).swap64();
}
