import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { countFruitlessFailures, forgetFailures, recordFailure } from '../../../src/spool/index.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** Each attempt: epoch, durable rows before, durable rows after. */
async function folderWith(attempts: [number, number, number][]): Promise<string> {
  const folder = await temporaryFolder();
  for (const [epoch, rowsBefore, rowsAfter] of attempts) await recordFailure(folder, { epoch, rowsBefore, rowsAfter });
  return folder;
}

describe('countFruitlessFailures', () => {
  test.each<[string, [number, number, number][], number]>([
    ['no failure', [], 0],
    [
      'three at the same place',
      [
        [1, 0, 0],
        [2, 0, 0],
        [3, 0, 0],
      ],
      3,
    ],
    [
      'attempts that ended otherwise in between',
      [
        [1, 5, 5],
        [4, 5, 5],
        [9, 5, 5],
      ],
      3,
    ],
    [
      'the last one made rows',
      [
        [1, 0, 0],
        [2, 0, 8],
      ],
      0,
    ],
    [
      'one in between made rows',
      [
        [1, 0, 0],
        [2, 0, 8],
        [3, 8, 8],
      ],
      1,
    ],
    [
      'a worker that died in between made rows',
      [
        [1, 0, 0],
        [3, 4, 4],
        [4, 4, 4],
      ],
      2,
    ],
    [
      'noted in another order',
      [
        [3, 4, 4],
        [1, 0, 4],
        [2, 4, 4],
      ],
      2,
    ],
    [
      'epochs of different length',
      [
        [9, 0, 0],
        [10, 0, 0],
        [11, 0, 3],
      ],
      0,
    ],
  ])('%s', async (_title, attempts, expected) => {
    expect(await countFruitlessFailures(await folderWith(attempts))).toBe(expected);
  });

  test('a mark that a crash left torn → not counted', async () => {
    const folder = await folderWith([[1, 0, 0]]);
    await writeFile(join(folder, 'fail-0000000002.json'), '{"epoch":2,"rowsBe');
    await writeFile(join(folder, 'fail-0000000003.json'), '');
    expect(await countFruitlessFailures(folder)).toBe(1);
  });

  test('no folder → no failures', async () => {
    expect(await countFruitlessFailures(join(await temporaryFolder(), 'none'))).toBe(0);
  });

  test('forgetFailures → 0', async () => {
    const folder = await folderWith([
      [1, 0, 0],
      [2, 0, 0],
    ]);
    await forgetFailures(folder);
    expect(await countFruitlessFailures(folder)).toBe(0);
  });
});
