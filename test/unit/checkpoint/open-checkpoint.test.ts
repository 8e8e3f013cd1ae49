import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openCheckpoint, openCheckpointSync } from '../../../src/checkpoint/open-checkpoint.ts';
import { publishCheckpoint } from '../../../src/checkpoint/publish/publish-checkpoint.ts';
import { arrayRowSource } from '../../../src/checkpoint/row-source.ts';
import type { WrittenKind } from '../../../src/checkpoint/types.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { vectors, writePt } from '../../support/write-pt.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/checkpoint/', import.meta.url));

/** What make.py puts into column c of row r. */
function expectedRow(row: number, dim: number): Float32Array {
  return Float32Array.from({ length: dim }, (_, column) => row + 1 + (column % 8) / 8);
}

const WITH_ROWS = readdirSync(fixtures).filter((name) => {
  return name.endsWith('.pt') && !/^(?:generic|list|tensor|vectors_expanded|vectors_integers)/.test(name);
});

describe('openCheckpoint', () => {
  it.each(WITH_ROWS)('%s by torch → its ids and rows, one by one and in ranges', async (name) => {
    const checkpoint = await openCheckpoint(join(fixtures, name));
    try {
      const { rows, dim } = checkpoint;
      expect(checkpoint.ids).toEqual(['a', 'b', 'c'].slice(0, rows));
      for (let row = 0; row < rows; row++) expect(checkpoint.row(row)).toEqual(expectedRow(row, dim));
      const all = checkpoint.slice();
      expect(all.length).toBe(rows * dim);
      expect(all.subarray((rows - 1) * dim)).toEqual(expectedRow(rows - 1, dim));
      expect(checkpoint.slice(1)).toEqual(all.slice(dim));
      expect(checkpoint.slice(1, 1)).toEqual(new Float32Array(0));
    } finally {
      checkpoint.close();
    }
  });

  it.each<[WrittenKind, number]>([
    ['nucleotide', 768],
    ['protein', 2560],
    ['merged', 3328],
    ['vectors', 5],
  ])('a %s checkpoint of our own → the rows that were written, bit by bit', async (kind, dim) => {
    const path = join(await temporaryFolder(), 'x.pt');
    const values = Float32Array.from({ length: 4 * dim }, (_, index) => Math.fround(Math.sin(index)));
    values.set([-0, 1.401298464324817e-45, 3.4028234663852886e38]);
    const ids = ['a', 'ü', 'c|d', ''];
    await publishCheckpoint(path, { kind, ids, rows: arrayRowSource(values, dim) });
    const checkpoint = openCheckpointSync(path, { level: 'deep' });
    expect({ ...checkpoint }).toMatchObject({ path, kind, version: '1.0', status: 'complete', ids, rows: 4, dim });
    expect(new Uint32Array(checkpoint.slice().buffer)).toEqual(new Uint32Array(values.buffer));
    const into = new Float32Array(3 * dim).fill(9);
    checkpoint.read(1, 2, into);
    expect(into.subarray(0, 2 * dim)).toEqual(values.subarray(dim, 3 * dim));
    expect(into[2 * dim]).toBe(9);
    checkpoint.close();
  });

  it.each([
    [-1, 1],
    [0, 3],
    [2, 1],
    [0.5, 1],
    [0, -1],
  ])('rows that are not there (%d, %d) → RangeError', async (start, count) => {
    const checkpoint = openCheckpointSync(await writePt(join(await temporaryFolder(), 'x.pt'), vectors()));
    expect(() => checkpoint.read(start, count, new Float32Array(100))).toThrow(RangeError);
    checkpoint.close();
  });

  it('an array that is too short → RangeError', async () => {
    const checkpoint = openCheckpointSync(await writePt(join(await temporaryFolder(), 'x.pt'), vectors()));
    expect(() => checkpoint.read(0, 2, new Float32Array(7))).toThrow('2 × 4 values do not fit into 7');
    checkpoint.close();
  });

  it('a bad file → CheckpointError with class, code and path', async () => {
    const path = join(fixtures, 'list.pt');
    await expect(openCheckpoint(path)).rejects.toMatchObject({
      type: 'CheckpointError.Incompatible',
      class: 'incompatible',
      code: 'NOT_A_DICT',
      path,
      reason: 'incompatible: checkpoint is not a dict (got list)',
      message: `${path}: incompatible: checkpoint is not a dict (got list)`,
    });
  });

  it('a dict without ids and rows → incompatible, ROWS_MISSING', () => {
    expect(() => openCheckpointSync(join(fixtures, 'generic_rows.pt'))).toThrow(
      expect.objectContaining({ code: 'ROWS_MISSING' }),
    );
  });

  it('a level that says nothing about rows → TypeError', () => {
    expect(() => openCheckpointSync(join(fixtures, 'vectors.pt'), { level: 'header' })).toThrow(TypeError);
  });

  it.skipIf(!existsSync('/proc/self/fd'))('opened, closed or refused → no file descriptor is left', async () => {
    const before = readdirSync('/proc/self/fd').length;
    for (let round = 0; round < 20; round++) {
      openCheckpointSync(join(fixtures, 'vectors.pt')).close();
      await expect(openCheckpoint(join(fixtures, 'list.pt'))).rejects.toThrow('not a dict');
      await expect(openCheckpoint(fixtures)).rejects.toThrow('not a regular file');
    }
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(before + 20);
  });
});
