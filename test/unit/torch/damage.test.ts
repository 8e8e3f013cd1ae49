import { describe, expect, test } from 'vitest';
import { isTensor, readTensor } from '../../../src/torch/index.ts';
import type { PyValue, TorchFile } from '../../../src/torch/index.ts';
import { buildTorchZip } from '../../support/build-zip.ts';
import { buildPickle, tensor } from '../../support/build-pickle.ts';
import { readBuffer, refusal, sample, written } from '../../support/torch-samples.ts';

const KINDS = ['nucleotide', 'protein', 'merged'] as const;
const deep = { level: 'deep' } as const;

describe('damaged files of our own', () => {
  test.each(KINDS)('%s with any single bit flipped → refused', async (kind) => {
    const { bytes } = await written(sample(kind));
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
      refusal(() => readBuffer(bytes, deep));
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
    }
    expect(readBuffer(bytes, deep).integrity).toBe('verified');
  });

  test('a flip outside tensor data → corrupted already at level structure, from the pickle to the end records', async () => {
    const { bytes } = await written(sample('merged'));
    const { byName } = readBuffer(bytes).archive;
    const data = byName.get('data/0') as { dataOffset: number; size: number };
    for (let at = 4; at < bytes.length; at++) {
      if (at >= data.dataOffset && at < data.dataOffset + data.size) continue;
      bytes[at] = (bytes[at] as number) ^ 0x10;
      expect([at, refusal(() => readBuffer(bytes)).fault]).toEqual([at, 'corrupted']);
      bytes[at] = (bytes[at] as number) ^ 0x10;
    }
  });

  test('a flip in tensor data → structure does not look, deep names record, offset and both CRCs', async () => {
    const { bytes } = await written(sample('merged'));
    const { dataOffset } = readBuffer(bytes).archive.byName.get('data/0') as { dataOffset: number };
    bytes[dataOffset + 7] = (bytes[dataOffset + 7] as number) ^ 1;
    expect(readBuffer(bytes).integrity).toBe('structure');
    const error = refusal(() => readBuffer(bytes, deep));
    expect(error).toMatchObject({ code: 'CRC_MISMATCH', record: 'data/0', offset: dataOffset });
    expect(error.message).toMatch(
      new RegExp(
        `^record data/0 at offset ${dataOffset}: CRC-32 of its 48 bytes is [0-9a-f]{8}, expected [0-9a-f]{8}$`,
      ),
    );
  });

  test('a flip that makes a forbidden global of an allowed one → CRC_MISMATCH, not UNSAFE_GLOBAL', async () => {
    const { bytes } = await written(sample('merged'));
    bytes[bytes.indexOf('_rebuild_tensor_v2')] = 0x60;
    expect(refusal(() => readBuffer(bytes)).code).toBe('CRC_MISMATCH');
  });

  test.each([
    ['bytes added to the end', (b: Buffer) => Buffer.concat([b, Buffer.from('junk')]), 'GAP'],
    ['bytes put in front', (b: Buffer) => Buffer.concat([Buffer.from('junk'), b]), 'NOT_A_ZIP'],
    ['two archives in a row', (b: Buffer) => Buffer.concat([b, b]), 'BROKEN_DIRECTORY'],
    ['a page of zeros', (b: Buffer) => Buffer.from(b).fill(0, 64, 320), 'CRC_MISMATCH'],
    ['empty file', () => Buffer.alloc(0), 'EMPTY'],
    ['only zeros', (b: Buffer) => Buffer.alloc(b.length), 'NOT_A_ZIP'],
  ] as const)('%s → corrupted', async (_, damage, code) => {
    const { bytes } = await written(sample('protein'));
    expect(refusal(() => readBuffer(damage(bytes), deep))).toMatchObject({ fault: 'corrupted', code });
  });
});

describe('CRCs left out by the writer', () => {
  const pickle = buildPickle([tensor()]);
  const values = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);

  function withoutCrcs(): Buffer {
    const { bytes, records } = buildTorchZip(pickle, { 0: values });
    for (const { descriptor, entry } of records) {
      bytes.writeUInt32LE(0, descriptor + 4);
      bytes.writeUInt32LE(0, entry + 16);
    }
    return bytes;
  }

  test.each(['structure', 'deep'] as const)('%s → readable, unverified', (level) => {
    const file = readBuffer(withoutCrcs(), { level });
    expect(file.integrity).toBe('unverified');
    expect(readTensor(file, tensorOf(file))).toEqual([1, 2, 3, 4]);
  });

  test('only one of the two CRC fields is 0 → corrupted', () => {
    const { bytes, records } = buildTorchZip(pickle, { 0: values });
    bytes.writeUInt32LE(0, (records[2]?.entry ?? 0) + 16);
    expect(refusal(() => readBuffer(bytes)).code).toBe('LOCAL_CENTRAL_MISMATCH');
  });
});

function tensorOf({ root }: TorchFile): Extract<PyValue, { type: 'tensor' }> {
  if (isTensor(root)) return root;
  throw new Error('not a tensor');
}
