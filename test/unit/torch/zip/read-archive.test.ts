import { describe, expect, test } from 'vitest';
import { memorySource, readArchive, readDirectory } from '../../../../src/torch/index.ts';
import type { TorchFileError } from '../../../../src/torch/index.ts';
import { FAULT_OF_CODE } from '../../../../src/torch/errors.ts';
import { buildZip } from '../../../support/build-zip.ts';
import type { BuiltZip, ZipRecord } from '../../../support/build-zip.ts';
import { refusal } from '../../../support/torch-samples.ts';
import { baseRecords as base, SOUND_STORAGE, soundZip } from '../../../support/zip-shapes.ts';
import { zipTricks } from '../../../support/zip-tricks.ts';

const read = (zip: BuiltZip): TorchFileError => refusal(() => readArchive(memorySource(zip.bytes)));
describe('readArchive', () => {
  test('a sound archive → prefix and records in file order, with their places', () => {
    const zip = soundZip();
    const archive = readArchive(memorySource(zip.bytes));
    expect(archive.prefix).toBe('archive');
    expect(archive.records.map(({ name }) => name)).toEqual(['data.pkl', 'byteorder', 'data/0', 'data/1', 'version']);
    expect(archive.records.map(({ dataOffset }) => dataOffset)).toEqual(zip.records.map(({ data }) => data));
    expect(readDirectory(memorySource(zip.bytes))).toEqual(archive);
  });

  test('records without content → no descriptor', () => {
    const { bytes } = buildZip([...base, { name: 'data/1' }]);
    expect(readArchive(memorySource(bytes)).byName.get('data/1')).toMatchObject({ size: 0, crcPresent: true });
  });

  test('10,000 records → the same', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => ({ name: `data/${i}`, content: SOUND_STORAGE }));
    const { bytes } = buildZip([base[0] as ZipRecord, ...many, base[2] as ZipRecord]);
    expect(readArchive(memorySource(bytes)).records).toHaveLength(10_002);
  });
});

describe('ZIP tricks', () => {
  const tricks = zipTricks();

  test.each(tricks)('$title → $code', ({ code, bytes }) => {
    const error = refusal(() => readArchive(memorySource(bytes)));
    expect([error.code, error.fault]).toEqual([code, FAULT_OF_CODE[code]]);
  });

  test('no trick is told twice, and what they start from is sound', () => {
    expect(tricks.length).toBeGreaterThan(100);
    expect(new Set(tricks.map(({ title }) => title)).size).toBe(tricks.length);
    expect(readArchive(memorySource(soundZip().bytes)).records).toHaveLength(5);
  });

  test('a second folder → refused', () => {
    const zip = buildZip(base);
    zip.bytes.write('archivf', (zip.records[1]?.entry ?? 0) + 46);
    zip.bytes.write('archivf', (zip.records[1]?.header ?? 0) + 30);
    expect(read(zip)).toMatchObject({
      code: 'BROKEN_DIRECTORY',
      message: expect.stringContaining('is not in the folder'),
    });
  });

  test('names the field, the offset, and both values', () => {
    const zip = soundZip();
    zip.bytes[zip.locator + 16] = 2;
    const { message, offset } = read(zip);
    expect(message).toBe(`ZIP64 locator: number of disks at offset ${zip.locator + 16} is 2, expected 1`);
    expect(offset).toBe(zip.locator + 16);
  });
});
