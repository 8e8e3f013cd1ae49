import fc from 'fast-check';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  isDict,
  isList,
  memorySource,
  openFileSource,
  readTorchFile,
  TorchFileError,
} from '../../../src/torch/index.ts';
import type { ByteSource, FloatRun, PyList, PyValue } from '../../../src/torch/index.ts';
import { buildTorchZip, buildZip } from '../../support/build-zip.ts';
import { buildPickle, tensor } from '../../support/build-pickle.ts';
import { floatTensor, readBuffer, refusal, sample, written } from '../../support/torch-samples.ts';

/** Counts which bytes are read, and how often. */
class CountingSource implements ByteSource {
  readonly size: number;
  readonly reads: Uint8Array;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.size = bytes.length;
    this.reads = new Uint8Array(bytes.length);
  }

  readInto(offset: number, into: Uint8Array): void {
    for (let at = offset; at < offset + into.length; at++) this.reads[at] = (this.reads[at] as number) + 1;
    memorySource(this.#bytes).readInto(offset, into);
  }
}

describe('levels', () => {
  test.each(['trusted', 'structure'] as const)('%s → no tensor byte is read', async (level) => {
    const { bytes } = await written(floatTensor([50_000], (i) => i));
    const source = new CountingSource(bytes);
    const file = readTorchFile(source, { level });
    expect(file.integrity).toBe(level);
    const { dataOffset, size } = file.archive.byName.get('data/0') as { dataOffset: number; size: number };
    expect(source.reads.subarray(dataOffset, dataOffset + size).some((count) => count > 0)).toBe(false);
  });

  test('deep → every tensor byte once, and shown once, in chunks that begin at multiples of 64', async () => {
    const { bytes } = await written(floatTensor([700_000], (i) => i));
    const source = new CountingSource(bytes);
    const chunks: [string, number, number][] = [];
    const file = readTorchFile(source, {
      level: 'deep',
      onStorageChunk: ({ key }, chunk, offset) => chunks.push([key, offset, chunk.length]),
    });
    const { dataOffset, size } = file.archive.byName.get('data/0') as { dataOffset: number; size: number };
    expect(new Set(source.reads.subarray(dataOffset, dataOffset + size))).toEqual(new Set([1]));
    expect(chunks.reduce((sum, [, , length]) => sum + length, 0)).toBe(2_800_000);
    expect(chunks.every(([key, offset]) => key === '0' && offset % 64 === 0)).toBe(true);
  });

  test('trusted → wrong CRCs are not looked at', async () => {
    const { bytes } = await written(sample('protein'));
    const at = bytes.indexOf('seq_1');
    bytes[at] = 0x53;
    expect(readBuffer(bytes, { level: 'trusted' }).integrity).toBe('trusted');
    expect(refusal(() => readBuffer(bytes)).code).toBe('CRC_MISMATCH');
  });

  test('what onStructure throws → ends the reading before tensor data', async () => {
    const { bytes } = await written(floatTensor([50_000], (i) => i));
    const source = new CountingSource(bytes);
    const onStructure = (): void => {
      throw new Error('wrong kind');
    };
    expect(() => readTorchFile(source, { level: 'deep', onStructure })).toThrow('wrong kind');
    expect(Math.max(...source.reads.subarray(4096, 100_000))).toBe(0);
  });

  test('deep looks at Python floats: first NaN or infinity, all zero; structure does not', async () => {
    const rows = [
      [1, NaN, 3],
      [0, -0, 0],
      [1, 2, -Infinity],
      [1, 2, 3],
    ];
    const { pyFloats, pyList } = await import('../../../src/torch/index.ts');
    const { bytes } = await written(pyList(4, (i) => pyFloats(3, (into) => into.set(rows[i] as number[]))));
    const runs = (level: 'structure' | 'deep'): FloatRun[] => {
      const { root } = readBuffer(bytes, { level });
      if (!isList(root)) throw new Error('not a list');
      return root.parts.flatMap((row) => (isList(row as PyValue) ? (row as PyList).parts : [])) as FloatRun[];
    };
    expect(runs('deep').map(({ firstNonFinite, allZero }) => [firstNonFinite, allZero])).toEqual([
      [1, false],
      [-1, true],
      [2, false],
      [-1, false],
    ]);
    expect(runs('structure')[0]).toMatchObject({ firstNonFinite: undefined, allZero: undefined });
  });
});

describe('small records', () => {
  const pickle = buildPickle(['N']);
  const withRecord = (name: string, content: string): Buffer =>
    buildZip([
      { name: 'data.pkl', content: pickle },
      ...(name === 'version' ? [] : [{ name: 'version', content: '3\n' }]),
      { name, content },
    ]).bytes;

  test.each([
    ['byteorder', 'middle', 'BROKEN_METADATA'],
    ['byteorder', '', 'BROKEN_METADATA'],
    ['version', '11', 'FORMAT_VERSION'],
    ['version', 'three', 'BROKEN_METADATA'],
    ['.format_version', '9', 'FORMAT_VERSION'],
    ['.storage_alignment', 'x', 'BROKEN_METADATA'],
    ['version', '3'.repeat(300), 'BROKEN_METADATA'],
  ])('%s %j → refused', (name, content, code) => {
    expect(refusal(() => readBuffer(withRecord(name, content))).code).toBe(code);
  });

  test.each([
    ['version', '10\n'],
    ['.format_version', '1'],
    ['.storage_alignment', '4096'],
    ['byteorder', 'big'],
  ])('%s %j → accepted', (name, content) => {
    expect(readBuffer(withRecord(name, content)).root).toBeNull();
  });

  test('no data.pkl, no version → MISSING_RECORD', () => {
    const only = (name: string, content: string | Buffer): Buffer => buildZip([{ name, content }]).bytes;
    expect(refusal(() => readBuffer(only('version', '3\n'))).code).toBe('MISSING_RECORD');
    expect(refusal(() => readBuffer(only('data.pkl', pickle))).code).toBe('MISSING_RECORD');
  });

  test('a storage that nothing refers to → named, its CRC checked at deep', () => {
    const { bytes, records } = buildTorchZip(buildPickle([tensor()]), { 0: Buffer.alloc(16), 7: Buffer.alloc(8) });
    expect(readBuffer(bytes, { level: 'deep' }).unreferencedStorages).toEqual(['data/7']);
    bytes[records[3]?.data ?? 0] = 1;
    expect(refusal(() => readBuffer(bytes, { level: 'deep' })).record).toBe('data/7');
  });

  test('storage keys of torch 1.6, which are addresses → accepted', () => {
    const key = '94644507561760';
    const { bytes } = buildTorchZip(buildPickle([tensor({ key })]), { [key]: Buffer.alloc(16) });
    expect(readBuffer(bytes).storages.map((storage) => storage.key)).toEqual([key]);
  });
});

describe('any bytes', () => {
  const deep = { level: 'deep' } as const;
  const onlyTyped = (bytes: Uint8Array): void => {
    try {
      readBuffer(bytes, deep);
    } catch (error) {
      if (!(error instanceof TorchFileError)) throw error;
    }
  };

  test('random pickles of known opcodes → a value or a typed error, never anything else', () => {
    const opcode = fc.constantFrom(
      ...Array.from('()]}.012NKMJGXUQRabceghqrstu\x80\x81\x85\x86\x87\x88\x89\x8a\x8c\x8f\x90\x91\x93\x94\x95CB'),
    );
    const body = fc.array(
      fc.oneof(
        { weight: 5, arbitrary: opcode },
        fc.nat({ max: 255 }).map((byte) => String.fromCharCode(byte)),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(body, fc.constantFrom(2, 4), (parts, protocol) => {
        onlyTyped(buildTorchZip(buildPickle(parts, protocol), { 0: Buffer.alloc(16) }).bytes);
      }),
      { numRuns: 5000 },
    );
  });

  test('random changes of a sound file → refused or equal to it', async () => {
    const { bytes } = await written(sample('protein'));
    const change = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const copy = Buffer.from(bytes);
        for (const [at, value] of changes) copy[at] = value;
        if (copy.equals(bytes)) return;
        refusal(() => readBuffer(copy, deep));
      }),
      { numRuns: 2000 },
    );
  });
});

const shared = fileURLToPath(new URL('../../../../shared/data/reference-v0/', import.meta.url));

describe.skipIf(!existsSync(shared))('checkpoints of the Python reference (../shared/data, where present)', () => {
  test.each(existsSync(shared) ? readdirSync(shared).filter((name) => name.endsWith('.pt')) : [])(
    '%s → sound, a dict',
    (name) => {
      const source = openFileSource(shared + name);
      const file = readTorchFile(source, { level: 'deep' });
      expect([file.integrity, isDict(file.root)]).toEqual(['verified', true]);
      source.assertUnchanged();
      source.close();
    },
  );
});
