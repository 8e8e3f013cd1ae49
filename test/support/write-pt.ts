import { writeFileSync } from 'node:fs';
import type { Writable } from '../../src/torch/index.ts';
import { pyDict, pyList, pyTensor, writeTorchFile } from '../../src/torch/index.ts';

/** The bytes of a `.pt` file that holds `root`. */
export async function ptBytes(root: Writable, prefix = 'test'): Promise<Buffer> {
  const pieces: Buffer[] = [];
  await writeTorchFile({ write: (bytes) => void pieces.push(Buffer.from(bytes)) }, root, { prefix });
  return Buffer.concat(pieces);
}

/** Saves `root` as it is: also what no checkpoint may hold. */
export async function writePt(path: string, root: Writable): Promise<string> {
  writeFileSync(path, await ptBytes(root));
  return path;
}

export function floatTensor(shape: readonly number[], values: Float32Array): Writable {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return pyTensor({
    dtype: 'float32',
    shape,
    read: (offset, into) => into.set(bytes.subarray(offset, offset + into.length)),
  });
}

export function strings(items: readonly string[]): Writable {
  return pyList(items.length, (index) => items[index] ?? null);
}

export interface VectorsContent {
  ids?: readonly string[];
  rows?: number;
  dim?: number;
  values?: Float32Array;
  version?: Writable | undefined;
  status?: Writable | undefined;
}

/** A vectors (or, with 3,328 values a row, merged) checkpoint of version 1.0, but for what `content` changes. */
export function vectors(content: VectorsContent = {}): Writable {
  const { ids = ['a', 'b'], dim = 4, version = '1.0', status = 'complete' } = content;
  const rows = content.rows ?? ids.length;
  const values = content.values ?? Float32Array.from({ length: rows * dim }, (_, index) => index + 1);
  return pyDict([
    ['ids', strings(ids)],
    ['data', floatTensor([rows, dim], values)],
    ...('version' in content && content.version === undefined ? [] : ([['version', version]] as const)),
    ...('status' in content && content.status === undefined ? [] : ([['status', status]] as const)),
  ]);
}
