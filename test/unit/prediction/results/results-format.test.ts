import { describe, expect, it } from 'vitest';
import { parseResultLine, resultLine } from '../../../../src/prediction/results/results-format.ts';
import { RESULTS_TABLE } from '../../../../src/prediction/results/results-table.ts';

describe('resultLine', () => {
  it.each([
    [0.002076708, 0.9979233, 'a\tvirus\t0.002076708\t0.9979233\n'],
    [0.75, 0.25, 'a\tothers\t0.75\t0.25\n'],
    [0.5, 0.5, 'a\tothers\t0.5\t0.5\n'],
  ])('%d, %d → %j', (score1, score2, line) => {
    expect(resultLine({ id: 'a', score1, score2 })).toBe(line);
  });
});

describe('parseResultLine', () => {
  it.each([
    ['a\tvirus\t2.0767e-05\t0.99997926', { id: 'a', score1: 2.0767e-5, score2: 0.99997926 }],
    ['a\tothers\t1.0\t0.0', { id: 'a', score1: 1, score2: 0 }],
    ['a\tvirus\t0.1', undefined],
    ['a\tbacteria\t0.1\t0.9', undefined],
    ['a\tvirus\tnan\t0.9', undefined],
    ['\tvirus\t0.1\t0.9', undefined],
  ])('%j → %j', (line, row) => {
    expect(parseResultLine(line)).toEqual(row);
  });
});

describe('a row of results that is there', () => {
  const row = { id: 'a', score1: 0.25, score2: 0.75 };
  it.each([
    ['scores in more digits', 'a\tvirus\t0.25000001192092896\t0.7499999880790710', undefined],
    ['scores of another device', 'a\tvirus\t0.2509\t0.7491', undefined],
    ['other scores', 'a\tvirus\t0.252\t0.748', '"a": expected the scores 0.25 and 0.75, found 0.252 and 0.748'],
    ['another id', 'b\tvirus\t0.25\t0.75', 'expected "a", found "b"'],
    ['no row', 'a', 'expected a prediction for "a", found "a"'],
  ])('%s → %j', (_, line, difference) => {
    expect(RESULTS_TABLE.difference(line, row)).toBe(difference);
  });
});
