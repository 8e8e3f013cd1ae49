import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCheckpointSync } from '../../../src/checkpoint/open-checkpoint.ts';
import { validateCheckpointSync } from '../../../src/checkpoint/validate-checkpoint.ts';
import { readGolden, storedSets } from '../../support/torch-fixtures.ts';
import type { FixtureSet, GoldenCheckpoint } from '../../support/torch-fixtures.ts';

/** Names, each with what validation must say. */
function checkpointsOf({ folder, names }: FixtureSet): (GoldenCheckpoint & { name: string })[] {
  return names.flatMap((name) => {
    const { checkpoint } = readGolden(folder, name);
    return checkpoint === undefined ? [] : [{ ...checkpoint, name }];
  });
}

describe.each(storedSets())('checkpoint by torch $torch, numpy $numpy', (set) => {
  const checkpoints = checkpointsOf(set);
  const valid = checkpoints.filter(({ result }) => result === undefined);
  const refused = checkpoints.filter(({ result }) => result !== undefined);

  test.each(valid)('$name → valid $kind, every id and value the same', ({ name, ids, sha256, ...expected }) => {
    const path = join(set.folder, `${name}.pt`);
    expect(validateCheckpointSync(path, { level: 'deep' })).toMatchObject({ ...expected, result: 'valid' });
    const checkpoint = openCheckpointSync(path);
    const rows = checkpoint.slice();
    expect(checkpoint.ids).toEqual(ids);
    expect(createHash('sha256').update(new Uint8Array(rows.buffer)).digest('hex')).toBe(sha256);
    checkpoint.close();
  });

  test.each(refused)('$name → $result', ({ name, result }) => {
    const path = join(set.folder, `${name}.pt`);
    expect(validateCheckpointSync(path, { level: 'deep' })).toMatchObject({ result });
  });
});
