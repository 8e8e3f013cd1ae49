import { describe, test } from 'vitest';
import { expectCheckpoint, readGolden, storedSets } from '../../support/torch-fixtures.ts';

describe.each(storedSets())('checkpoint by torch $torch, numpy $numpy', ({ folder, names }) => {
  const checkpoints = names.flatMap((name) => {
    const { checkpoint } = readGolden(folder, name);
    return checkpoint === undefined ? [] : [{ name, checkpoint, result: checkpoint.result ?? 'valid' }];
  });

  test.each(checkpoints)('$name → $result, with every id and value', ({ name, checkpoint }) => {
    expectCheckpoint(folder, name, checkpoint);
  });
});
