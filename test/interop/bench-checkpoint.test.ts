import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { torchPythons } from '../support/torch-python.ts';

const BENCH = fileURLToPath(new URL('../../bench/checkpoint.mjs', import.meta.url));

interface Report {
  readonly figures: { rounds: Record<string, number>[]; subject: { name: string; rows: number } }[];
  readonly folderSeconds: number[];
  readonly goals: { subject: string; measured: number }[];
}

// One is enough, the one that the benchmark chooses.
describe.each(torchPythons('the checkpoint benchmark').slice(-1))('bench:checkpoint, torch $version', ({ path }) => {
  it('small files → every figure measured, every goal judged, nothing left behind', async () => {
    const [folder, results] = [await temporaryFolder(), await temporaryFolder()];
    const json = join(results, 'report.json');
    const options = ['--rounds', '2', '--scale', '0.002', '--only', 'protein,folder'];
    const printed = execFileSync(
      process.execPath,
      [BENCH, ...options, '--python', path, '--folder', folder, '--json', json],
      { encoding: 'utf8', stdio: 'pipe' },
    );

    const { figures, folderSeconds, goals } = JSON.parse(readFileSync(json, 'utf8')) as Report;
    expect(figures.map(({ subject }) => [subject.name, subject.rows])).toEqual([['protein', 20]]);
    const measures = figures.map(({ rounds }) => rounds.map((round) => Object.keys(round).length));
    expect(measures).toEqual([[6, 6]]);
    const seconds = [
      ...figures.flatMap(({ rounds }) => rounds.flatMap((round) => Object.values(round))),
      ...folderSeconds,
    ];
    expect(Math.min(...seconds)).toBeGreaterThan(0);
    expect(folderSeconds).toHaveLength(2);
    expect(goals.every(({ measured }) => measured > 0)).toBe(true);
    expect(printed).toMatch(/\n\d+ of 7 goals met\n$/u);
    expect(readdirSync(folder)).toEqual([]);
  });
});
