import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { torchPythons } from '../support/torch-python.ts';

const BENCH = fileURLToPath(new URL('../../bench/predict.mjs', import.meta.url));
const STAGES = ['chunk', 'frames', 'split', 'merge', 'classify', 'consensus'];

interface Report {
  readonly sequences: number;
  readonly parts: number;
  readonly rounds: readonly Record<'ours' | 'python', Record<string, number>>[];
  readonly comparisons: readonly {
    same: Record<string, boolean>;
    rows: number;
    otherLabels: number;
    scoreDifference: number;
  }[];
}

// One is enough, the one that the benchmark chooses.
describe.each(torchPythons('the prediction benchmark').slice(-1))('bench:predict, torch $version', ({ path }) => {
  it('few chunks → every stage timed, and the same as plain Python and torch: merged rows bit by bit', async () => {
    const [folder, results] = [await temporaryFolder(), await temporaryFolder()];
    const json = join(results, 'report.json');
    const sizes = ['--chunks', '45', '--sequences-per-file', '40', '--rounds', '1'];
    const printed = execFileSync(
      process.execPath,
      [BENCH, ...sizes, '--python', path, '--folder', folder, '--json', json],
      { encoding: 'utf8', stdio: 'pipe' },
    );

    const report = JSON.parse(readFileSync(json, 'utf8')) as Report;
    expect(report.parts).toBeGreaterThan(1);
    for (const { ours, python } of report.rounds) {
      expect(Object.keys(ours)).toEqual(STAGES);
      expect(Object.keys(python)).toEqual(STAGES);
      expect(Math.min(...Object.values(ours), ...Object.values(python))).toBeGreaterThan(0);
    }
    expect(report.comparisons).toHaveLength(1);
    for (const { same, rows, otherLabels, scoreDifference } of report.comparisons) {
      expect(same).toEqual(Object.fromEntries(STAGES.map((stage) => [stage, true])));
      expect([rows, otherLabels]).toEqual([report.sequences, 0]);
      expect(scoreDifference).toBeLessThan(1e-6);
    }
    expect(printed).toMatch(/\nall stages give the same; merged rows bit by bit/u);
    expect(readdirSync(folder)).toEqual([]);
  });
});
