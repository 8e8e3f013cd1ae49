import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { makeJob, scanFreePieces, scannedPiece, scanPiece } from '../../../../src/checkpoint/parallel/scan-job.ts';
import type { ScanJob } from '../../../../src/checkpoint/parallel/scan-job.ts';

const values = Float32Array.from({ length: 32 * 4 }, (_, i) => (i === 70 ? NaN : i + 1));
const storage = Buffer.from(values.buffer);
const read = (offset: number, into: Buffer): void => void storage.copy(into, 0, offset);

/** Two pieces of 16 rows. */
function job(): ScanJob {
  const made = makeJob(-1, { dataOffset: 0, firstRow: 0, end: storage.length, rowBytes: 16 }, 256);
  if (made === undefined) throw new Error('no job');
  return made;
}

it('a piece that was taken but not ended, scanned by another → the same as by whoever took it, who is not disturbed', () => {
  const shared = job();
  const again = [0, 1].map((piece) => scanPiece(shared, piece, read));
  expect([0, 1].map((piece) => scannedPiece(shared, piece))).toEqual([undefined, undefined]);
  scanFreePieces(shared, read);
  expect([0, 1].map((piece) => scannedPiece(shared, piece))).toEqual(again);
  expect(again.map(({ crc }) => crc)).toEqual([crc32(storage.subarray(0, 256)), crc32(storage.subarray(256))]);
  expect(again.map(({ findings }) => [...findings])).toEqual([
    [0, -1, -1, -1, 0, -1, -1, -1],
    [1, 17, -1, -1, 0, -1, -1, -1],
  ]);
});
