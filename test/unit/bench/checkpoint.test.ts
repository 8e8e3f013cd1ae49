import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { goalsOf, isMet } from '../../../bench/checkpoint/goals.mjs';
import { parseOptions } from '../../../bench/checkpoint/options.mjs';
import { formatFigures, formatGoals } from '../../../bench/checkpoint/report.mjs';
import { NAMES, SUBJECTS } from '../../../bench/checkpoint/subjects.mjs';
import { JsonLinesProcess } from '../../../bench/lib/json-lines-process.mjs';
import { median, sample } from '../../../bench/lib/statistics.mjs';

describe('median', () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[7], 7],
    [[], NaN],
  ])('%j → %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });
});

describe('sample', () => {
  it.each([
    ['long', [1.5, 9], 1.5],
    ['short: repeated until it adds up to 0.2 s', [0.05, 0.01, 0.08, 0.07, 9], 0.06],
  ])('%s → median of what was measured', async (_, seconds, expected) => {
    const left = [...seconds];
    expect(await sample(async () => left.shift() ?? NaN)).toBeCloseTo(expected, 10);
    expect(left).toEqual([9]);
  });
});

describe('parseOptions', () => {
  it('nothing → 5 rounds of everything at full size', () => {
    expect(parseOptions([])).toMatchObject({ rounds: 5, only: NAMES, scale: 1, help: false });
  });

  it('every option → taken over', () => {
    const argv = '--rounds 2 --only protein,folder --python /usr/bin/python3 --keep files --scale 0.05 --json out.json';
    expect(parseOptions(argv.split(' '))).toEqual({
      rounds: 2,
      only: ['protein', 'folder'],
      python: '/usr/bin/python3',
      folder: undefined,
      keep: 'files',
      scale: 0.05,
      json: 'out.json',
      help: false,
    });
  });

  it.each([
    [['--rounds', '0'], '--rounds 0: expected a number above 0'],
    [['--rounds', '1.5'], '--rounds 1.5: expected a number above 0'],
    [['--scale', 'x'], '--scale x: expected a number above 0'],
    [['--only', 'protein,proteins'], '--only proteins: expected some of nucleotide, protein'],
    [['--folder', 'a', '--keep', 'b'], '--folder and --keep exclude each other'],
    [['--fast'], "Unknown option '--fast'"],
  ])('%j → %s', (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(message);
  });
});

/** What one machine needs; another needs twice as long. */
const ROUND = { torchLoad: 1.3, structure: 0.1, deep: 0.2, plainCrc: 0.05, torchSave: 1, save: 0.1 };
const slower = Object.fromEntries(Object.entries(ROUND).map(([name, seconds]) => [name, 2 * seconds]));
const [NUCLEOTIDE, , , LARGE] = SUBJECTS;
const FOOTPRINT = { maxRssBytes: 100e6, loopDelayMs: 12.3 };

function figuresOf(subject = NUCLEOTIDE) {
  if (!subject) throw new Error('no such subject');
  const save = { maxRssBytes: 300e6, loopDelayMs: 20 };
  const footprints = { structure: FOOTPRINT, deep: FOOTPRINT, ...(subject.goals.save !== undefined && { save }) };
  const rounds = [ROUND, { ...ROUND, ...slower }];
  return { subject, bytes: 70e6, rounds, footprints, torchMaxRssBytes: 500e6 };
}

describe('goalsOf', () => {
  it('figures → each goal with what was measured', () => {
    const goals = goalsOf(figuresOf());
    expect(goals.map(({ measured }) => Number(measured.toPrecision(6)))).toEqual([13, 6.5, 10, 25, 300, 20]);
    expect(goals.map(isMet)).toEqual([true, false, true, false, false, true]);
  });

  it('a subject that is not saved → no goal for saving', () => {
    const names = goalsOf(figuresOf(LARGE)).map(({ name }) => name);
    expect(names).toHaveLength(5);
    expect(names).not.toContain('save against torch.save');
  });

  it('no round measured → no goal of speed met', () => {
    expect(goalsOf({ ...figuresOf(LARGE), rounds: [] }).filter(isMet)).toHaveLength(2);
  });
});

describe('formatFigures', () => {
  it('figures → a row of each subject in either table', () => {
    const lines = formatFigures([figuresOf(), figuresOf(LARGE)]).map((line) => line.replaceAll(/ {2,}/gu, ' | '));
    expect(lines.slice(2, 5)).toEqual([
      'file | rows | MB | torch.load | structure | ratio | deep | ratio | read+crc32 | torch.save | save | ratio',
      'nucleotide | 10000 | 70.0 | 1.95 | 0.150 | 13.0× | 0.300 | 6.50× | 0.0750 | 1.50 | 0.150 | 10.0×',
      'merged-large | 180000 | 70.0 | 1.95 | 0.150 | 13.0× | 0.300 | 6.50× | 0.0750 | – | – | –',
    ]);
    expect(lines.at(-2)).toBe('nucleotide | 500 | 100 | 12.3 ms | 100 | 12.3 ms | 300 | 20.0 ms');
  });
});

describe('formatGoals', () => {
  it('goals → marked one by one, and counted in the last line', () => {
    const lines = formatGoals(goalsOf(figuresOf())).map((line) => line.replaceAll(/ {2,}/gu, ' | '));
    expect(lines[1]).toBe('met | nucleotide | structure against torch.load | 13.0× | (goal ≥ 12×)');
    expect(lines[5]).toBe('NOT met | nucleotide | peak resident memory | 300 MB | (goal ≤ 256 MB)');
    expect(lines.at(-1)).toBe('3 of 6 goals met');
  });
});

describe('JsonLinesProcess', () => {
  const echo = `
    process.stdin.on('data', (line) => {
      const request = JSON.parse(line);
      if (request.die) { console.error('no more'); process.exit(1); }
      console.log(JSON.stringify(request));
    });`;

  it('requests → its replies, until it is ended', async () => {
    const child = new JsonLinesProcess(process.execPath, ['-e', echo]);
    expect(await child.request({ n: 1 })).toEqual({ n: 1 });
    expect(await child.request({ n: 2 })).toEqual({ n: 2 });
    await expect(child.request({ error: 'broken' })).rejects.toThrow('broken');
    await child.end();
  });

  it('a process that dies → an error with what it wrote to stderr', async () => {
    const child = new JsonLinesProcess(process.execPath, ['-e', echo]);
    await expect(child.request({ die: true })).rejects.toThrow('no more');
    await child.end();
  });

  it('a process that is killed → an error, and nothing to wait for', async () => {
    const child = new JsonLinesProcess(process.execPath, ['-e', 'process.kill(process.pid, "SIGKILL")']);
    await expect(child.request({})).rejects.toThrow('ended');
    await setTimeout(100);
    await child.end();
  });

  it('no such program → an error that names it', async () => {
    const child = new JsonLinesProcess('/nowhere/program', []);
    await expect(child.request({})).rejects.toThrow('/nowhere/program');
    await child.end();
  });
});
