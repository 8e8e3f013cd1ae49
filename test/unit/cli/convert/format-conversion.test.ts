import { expect, it } from 'vitest';
import type { ConvertResult } from '../../../../src/checkpoint/index.ts';
import { formatConversion } from '../../../../src/cli/convert/format-conversion.ts';

const RESULT: ConvertResult = {
  ...{ outcome: 'converted', input: 'a_ESM.pt', output: 'a.npy', format: 'npy', kind: 'protein', version: '0.x' },
  ...{ rows: 10_000, dim: 2560, dtype: 'float32', bytes: 102_400_128, sha256: '00', ids: 'a.ids.txt' },
};

it('an array with ids → a line for each file', () => {
  expect(formatConversion(RESULT)).toBe(
    'a.npy: 10,000 rows of 2,560 float32 values (protein), 102,400,128 bytes\n' +
      'a.ids.txt: 10,000 ids, one a line, in the order of the rows\n',
  );
});

it('one that was there → said; escape sequences in its name → shown, not sent', () => {
  const { ids: _, ...rest } = RESULT;
  expect(formatConversion({ ...rest, outcome: 'existing', output: 'a\u001b[2J.npy', rows: 1 })).toBe(
    'a\\u{1b}[2J.npy: 1 row of 2,560 float32 values (protein), 102,400,128 bytes; was there already, with the same content\n',
  );
});
