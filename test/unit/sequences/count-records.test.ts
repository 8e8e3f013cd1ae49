import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { countRecords } from '../../../src/sequences/index.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test.each(['\n', '\r\n', '\r'])('3 records, lines end with %j → 3', async (end) => {
  const path = join(await temporaryFolder(), 'in.fa');
  await writeFile(path, ['>a >x', 'AC', '>b', 'A', '>c', 'T', ''].join(end));
  expect(await countRecords(path)).toBe(3);
});
