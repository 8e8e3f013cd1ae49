import { expect, test } from 'vitest';
import { isDict, pyDict, pyTensor, readTorchFile, TorchFileError, writeTorchFile } from '../../../src/torch/index.ts';
import type { ByteSource } from '../../../src/torch/index.ts';
import { floatTensor } from '../../support/torch-samples.ts';

const ZEROS = Buffer.alloc(1 << 20);

/** A file of gigabytes, most of them zero, in the memory of the rest. */
class SparseFile implements ByteSource {
  size = 0;
  readonly chunks: { start: number; bytes: Buffer }[] = [];

  write(bytes: Uint8Array): void {
    if (ZEROS.compare(bytes, 0, bytes.length, 0, bytes.length) !== 0) {
      this.chunks.push({ start: this.size, bytes: Buffer.from(bytes) });
    }
    this.size += bytes.length;
  }

  readInto(offset: number, into: Uint8Array): void {
    into.fill(0);
    for (const { start, bytes } of this.chunks) {
      const from = Math.max(start, offset);
      const to = Math.min(start + bytes.length, offset + into.length);
      if (from < to) into.set(bytes.subarray(from - start, to - start), from - offset);
    }
  }
}

test('a storage beyond 4 GiB and records behind it → the places that torch 2.9 gives them, read back', async () => {
  const file = new SparseFile();
  const big = pyTensor({ dtype: 'float32', shape: [2 ** 30 + 3086], read: (_, into) => void into.fill(0) });
  const empty = pyTensor({ dtype: 'float32', shape: [0], read: () => {} });
  const root = pyDict([
    ['a', big],
    ['b', floatTensor([4], () => 1)],
    ['e', empty],
  ]);
  const { bytes } = await writeTorchFile(file, root, { prefix: 'huge' });
  expect(bytes).toBe(file.size);

  const read = readTorchFile(file);
  const places = read.archive.records.map(({ name, headerOffset, size }) => [name, headerOffset, size]);
  // Seen in a file that torch 2.9.1 wrote from {'a': zeros(2**30 + 3086), 'b': ones(4), 'e': empty(0)}.
  expect(places).toEqual([
    ['data.pkl', 0, 283],
    ['.format_version', 0x16b, 1],
    ['.storage_alignment', 0x1d1, 2],
    ['byteorder', 0x252, 6],
    ['data/0', 0x2d6, 0x100003038],
    ['data/1', 0x100003390, 16],
    ['data/2', 0x100003428, 0],
    ['version', 0x100003480, 2],
    ['.data/serialization_id', 0x1000034da, 40],
  ]);
  expect(read.archive.directoryOffset).toBe(0x100003580);
  expect(read.archive.records.slice(0, 8).map(({ crc }) => crc)).toEqual([
    0x404426e0, 0x83dcefb7, 0xe971773f, 0x19e33d85, 0x8d8b65b4, 0xe8681456, 0, 0x55679ed1,
  ]);
  expect(isDict(read.root) && read.root.get('a')).toMatchObject({ shape: [2 ** 30 + 3086] });

  // The 64-bit fields are checked like all others: damage to any byte behind the big storage is noticed.
  const tail = file.chunks.at(-1) as { start: number; bytes: Buffer };
  const from = tail.bytes.indexOf('PK\x07\x08', 0, 'latin1');
  for (let at = from; at < tail.bytes.length; at++) {
    tail.bytes[at] = (tail.bytes[at] as number) ^ 0x04;
    expect([at, accepted(file)]).toEqual([at, isContent(read, tail.start + at)]);
    tail.bytes[at] = (tail.bytes[at] as number) ^ 0x04;
  }
});

function accepted(file: ByteSource): boolean {
  try {
    readTorchFile(file);
    return true;
  } catch (error) {
    if (error instanceof TorchFileError) return false;
    throw error;
  }
}

/** Tensor bytes, which this level does not read. */
function isContent({ archive }: ReturnType<typeof readTorchFile>, at: number): boolean {
  return archive.records.some(
    ({ name, dataOffset, size }) => name.startsWith('data/') && at >= dataOffset && at < dataOffset + size,
  );
}
