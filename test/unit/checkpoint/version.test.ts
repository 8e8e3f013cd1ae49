import { describe, expect, it } from 'vitest';
import { CHECKPOINT_VERSION, judgeVersion } from '../../../src/checkpoint/version.ts';

describe('judgeVersion', () => {
  it('no version → 0.x, accepted, not modern', () => {
    expect(judgeVersion(undefined)).toEqual({ version: '0.x', modern: false });
  });

  it.each([CHECKPOINT_VERSION, '1', '1.7', '1.0.3'])('%s → accepted, modern', (version) => {
    expect(judgeVersion(version)).toEqual({ version, modern: true });
  });

  it('0.9 → accepted, not modern', () => {
    expect(judgeVersion('0.9')).toEqual({ version: '0.9', modern: false });
  });

  it.each([
    ['2.0', 'Checkpoint v2.0 requires virnucpro >= 2.0.0 (upgrade required)'],
    ['3.1', 'Checkpoint v3.1 requires virnucpro >= 3.0.0 (upgrade required)'],
    ['10.0', 'Checkpoint v10.0 requires virnucpro >= 10.0.0 (upgrade required)'],
    [
      '18446744073709551617.0',
      'Checkpoint v18446744073709551617.0 requires virnucpro >= 18446744073709551617.0.0 (upgrade required)',
    ],
  ])('%s → newer than we are, compared as a number', (version, text) => {
    expect(judgeVersion(version).problem).toEqual({ code: 'VERSION_TOO_NEW', text });
  });

  it.each([
    ['', '""'],
    ['one', '"one"'],
    ['0.x', '"0.x"'],
    ['1.0\n', '"1.0\\n"'],
    [1, '1'],
    [null, 'None'],
    [{}, 'not text'],
  ])('%j → not a version', (version, shown) => {
    const text = `version is not a version: ${shown}, expected text such as '1.0'`;
    expect(judgeVersion(version).problem).toEqual({ code: 'VERSION_INVALID', text });
  });

  it('text of any length → bounded message', () => {
    expect(judgeVersion('9'.repeat(1_000_000)).problem?.text.length).toBeLessThan(120);
  });
});
