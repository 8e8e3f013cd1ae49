import { expect, it } from 'vitest';
import { formatInspection } from '../../../../src/cli/inspect/format-inspection.ts';

it('a valid checkpoint → facts and keys in columns', () => {
  const text = formatInspection({
    path: 'out/a_merged.pt',
    result: 'valid',
    kind: 'merged',
    version: '1.0',
    status: 'complete',
    rows: 10_000,
    dim: 3328,
    bytes: 133_120_000,
    integrity: 'structure',
    keys: { ids: { type: 'list', length: 10_000 }, data: { type: 'Tensor', dtype: 'float32', shape: [10_000, 3328] } },
  });
  expect(text).toContain('  rows     10,000\n');
  expect(text).toContain('    ids   list  10,000 elements\n    data  Tensor  float32  [10000, 3328]\n');
});

it('a file that does not exist → result and reason, nothing else', () => {
  const reason = 'corrupted: file does not exist';
  expect(formatInspection({ path: 'x.pt', result: 'corrupted', code: 'MISSING', reason })).toBe(
    'x.pt\n  result  corrupted\n  reason  corrupted: file does not exist\n',
  );
});

it('a dict of 150 keys → a hundred, and how many more', () => {
  const keys = Object.fromEntries(Array.from({ length: 150 }, (_, at) => [`k${at}`, { type: 'int' }]));
  const text = formatInspection({ path: 'x.pt', result: 'valid', keys });
  expect(text).toContain('    … and 50 more (--json has all)');
  expect(text).not.toContain('k100');
});

it('a key and a type with control characters → escaped', () => {
  const text = formatInspection({ path: 'x.pt', result: 'valid', keys: { 'a\u001b': { type: 'b\n' } } });
  expect(text).toContain('a\\u{1b}  b\\u{a}');
});
