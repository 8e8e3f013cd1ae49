import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../../bench/predict/options.mjs';
import { formatFigures } from '../../../bench/predict/report.mjs';

describe('parseOptions', () => {
  it('nothing → 10,000 chunks, three rounds', () => {
    expect(parseOptions([])).toMatchObject({
      chunks: 10_000,
      sequencesPerFile: 10_000,
      rounds: 3,
      seed: 1,
      help: false,
    });
  });

  it('every option → taken over', () => {
    const argv = '--chunks 50 --sequences-per-file 7 --rounds 1 --seed 9 --python /p --folder /f --json out.json';
    expect(parseOptions(argv.split(' '))).toEqual({
      ...{ chunks: 50, sequencesPerFile: 7, rounds: 1, seed: 9 },
      ...{ python: '/p', folder: '/f', json: 'out.json', help: false },
    });
  });

  it.each([
    [['--chunks', '0'], '--chunks 0: expected a whole number above 0'],
    [['--rounds', 'x'], '--rounds x: expected a whole number above 0'],
    [['--fast'], "Unknown option '--fast'"],
  ])('%j → %s', (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(message);
  });
});

describe('formatFigures', () => {
  const seconds = (each: number) => ({
    ...{ chunk: each, frames: each, split: each },
    ...{ merge: each, classify: each, consensus: each },
  });
  const same = { chunk: true, frames: true, split: true, merge: true, classify: true, consensus: true };
  const figures = { sequences: 300, chunks: 100 };

  it('rounds beside Python → medians, speeds and ratios, and whether the results are the same', () => {
    const rounds = [2, 1, 4].map((each) => ({ ours: seconds(each), python: seconds(3 * each) }));
    const comparison = { same, rows: 300, otherLabels: 0, scoreDifference: 2e-7 };
    const lines = formatFigures({ rounds, comparisons: [comparison], ...figures });
    expect(lines.find((line) => line.startsWith('frames'))?.split(/\s+/u)).toEqual([
      'frames',
      '2.00',
      '50',
      '6.00',
      '3.0×',
    ]);
    expect(lines.find((line) => line.startsWith('merge'))?.split(/\s+/u)).toEqual([
      'merge',
      '2.00',
      '150',
      '6.00',
      '3.0×',
    ]);
    expect(lines.at(-1)).toBe(
      'all stages give the same; merged rows bit by bit, scores of 300 rows within 2.0e-7, 0 other labels',
    );
    const other = { ...comparison, same: { ...same, merge: false } };
    expect(formatFigures({ rounds, comparisons: [other], ...figures }).at(-1)).toMatch(/^DIFFERENT: merge;/u);
  });

  it('no Python → our seconds alone', () => {
    const lines = formatFigures({ rounds: [{ ours: seconds(2), python: {} }], comparisons: [], ...figures });
    expect(lines.at(-1)?.split(/\s+/u)).toEqual(['consensus', '2.00', '150', '–', '–']);
  });
});
