import { memorySource, readTorchFile, TorchFileError, writeTorchFile } from '../../src/torch/index.ts';
import { pendingString, pyDict, pyFloats, pyList, pyTensor } from '../../src/torch/index.ts';
import type { ByteSink, ReadTorchFileOptions, TorchFile, Writable, WrittenTorchFile } from '../../src/torch/index.ts';
import { buildTorchZip } from './build-zip.ts';

/** Collects what is written. */
export class MemorySink implements ByteSink {
  readonly chunks: Buffer[] = [];

  write(bytes: Uint8Array): void {
    this.chunks.push(Buffer.from(bytes));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

export async function written(root: Writable, prefix = 'sample'): Promise<{ bytes: Buffer; result: WrittenTorchFile }> {
  const sink = new MemorySink();
  const result = await writeTorchFile(sink, root, { prefix });
  return { bytes: sink.bytes, result };
}

export function readBuffer(bytes: Uint8Array, options: ReadTorchFileOptions = {}): TorchFile {
  return readTorchFile(memorySource(bytes), options);
}

/** Reads a pickle in an otherwise sound file. */
export function readPickleBytes(pickle: Uint8Array, storages: Record<string, Uint8Array> = {}): TorchFile {
  return readBuffer(buildTorchZip(pickle, storages).bytes);
}

/** What a file was refused for; any other error than {@link TorchFileError} fails the test. */
export function refusal(read: () => unknown): TorchFileError {
  try {
    read();
  } catch (error) {
    if (error instanceof TorchFileError) return error;
    throw error;
  }
  throw new Error('accepted');
}

/** A float32 tensor whose element i is `value(i)`. */
export function floatTensor(shape: readonly number[], value: (index: number) => number): Writable {
  return pyTensor({
    dtype: 'float32',
    shape,
    read(byteOffset, into) {
      const values = Float32Array.from({ length: into.length / 4 }, (_, i) => value(byteOffset / 4 + i));
      into.set(new Uint8Array(values.buffer));
    },
  });
}

export type SampleKind = 'nucleotide' | 'protein' | 'merged';

export interface SampleOptions {
  rows?: number;
  dim?: number;
  /** `pending`: status in_progress, to be patched. */
  status?: 'complete' | 'pending';
}

export const sampleValue = (row: number, column: number): number => Math.fround(Math.sin(row * 1000 + column));

/** The object of a written checkpoint kind, small. */
export function sample(kind: SampleKind, { rows = 3, dim = 4, status = 'complete' }: SampleOptions = {}): Writable {
  const id = (index: number): string => `seq_${index}`;
  const ids = pyList(rows, id);
  const row = (index: number): Writable =>
    pyFloats(dim, (into) => into.forEach((_, column) => (into[column] = sampleValue(index, column))));
  const tail: [string, Writable][] = [
    ['version', '1.0'],
    ['status', status === 'pending' ? pendingString('in_progress', 'complete') : 'complete'],
  ];
  if (kind === 'nucleotide') {
    const entry = (index: number): Writable =>
      pyDict([
        ['label', id(index)],
        ['mean_representation', row(index)],
      ]);
    return pyDict([['nucleotide', ids], ['data', pyList(rows, entry)], ...tail]);
  }
  if (kind === 'protein') {
    const entry = (index: number): Writable => floatTensor([dim], (i) => sampleValue(index, i));
    return pyDict([['proteins', ids], ['data', pyList(rows, entry)], ...tail]);
  }
  const data = floatTensor([rows, dim], (i) => sampleValue(Math.floor(i / dim), i % dim));
  return pyDict([['ids', ids], ['data', data], ...tail]);
}

/** A written sample with its pending status patched. */
export function patched(bytes: Buffer, { patches }: WrittenTorchFile): Buffer {
  const copy = Buffer.from(bytes);
  for (const patch of patches) copy.set(patch.bytes, patch.offset);
  return copy;
}
