import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import type { PredictionRequest } from '../../../src/prediction/request.ts';
import { RESULTS_HEADER, resultLine, type ResultRow } from '../../../src/prediction/results/results-format.ts';
import { RESULTS_TABLE } from '../../../src/prediction/results/results-table.ts';
import { openTableOutput } from '../../../src/prediction/results/table-output.ts';
import { settleStage, type StageWork } from '../../../src/prediction/settle-stage.ts';
import { moveSuperseded } from '../../../src/prediction/superseded.ts';
import { predictionScene, type PredictionScene } from '../../support/prediction-scene.ts';

const A: ResultRow = { id: 'a', score1: 0.2, score2: 0.8 };
const B: ResultRow = { id: 'b', score1: 0.3, score2: 0.7 };

/** Writes a table of rows, and further ones of the names in `more`. `dies`: killed when all of them are there. */
function classifying(
  scene: PredictionScene,
  rows: readonly ResultRow[],
  { merged = 'A', more = [], dies = false }: { merged?: string; more?: readonly string[]; dies?: boolean } = {},
): StageWork {
  return {
    stage: 'classifying',
    of: { merged },
    make: async (outputs) => {
      for (const name of [scene.paths.results, ...more]) {
        const output = await openTableOutput(outputs, name, RESULTS_TABLE);
        try {
          for (const row of rows) await output.add(row);
          await output.finish();
        } finally {
          await output.discard();
        }
      }
      if (dies) throw new Error('killed');
      return { rows: rows.length };
    },
  };
}

async function sceneWith(more: Partial<PredictionRequest> = {}): Promise<PredictionScene> {
  const scene = await predictionScene(more);
  mkdirSync(scene.file(scene.paths.merged));
  return scene;
}

const names = (scene: PredictionScene) => readdirSync(scene.file(scene.paths.merged)).toSorted();

/** Binary data without a line end, and a table that goes over into such. */
const NO_TABLES: [string, (header: string) => Buffer][] = [
  ['100,000 zeros', () => Buffer.alloc(100_000)],
  ['1,000 zeros', () => Buffer.alloc(1000)],
  ['a header and 300,000 zeros', (header) => Buffer.concat([Buffer.from(`${header}\n`), Buffer.alloc(300_000)])],
];

describe('settleStage: what is there is no table', () => {
  it.each(NO_TABLES)('%s → incompatible, naming the line; recompute → set aside and made', async (_, content) => {
    const scene = await sceneWith();
    const file = scene.file(scene.paths.results);
    writeFileSync(file, content(RESULTS_HEADER));
    const failure = settleStage(scene, classifying(scene, [A]));
    await expect(failure).rejects.toMatchObject({ type: FailureType.CheckpointIncompatible, path: file });
    await expect(failure).rejects.toThrow(/line [12]: expected .{1,800}--on-bad-checkpoint recompute$/u);

    const request = { ...scene.request, onBadCheckpoint: 'recompute' as const };
    expect((await settleStage({ ...scene, request }, classifying(scene, [A]))).outcome).toBe('written');
    expect(readFileSync(file, 'utf8')).toBe(`${RESULTS_HEADER}\n${resultLine(A)}`);
    expect(names(scene)).toHaveLength(2);
  });
});

/** Whether this process has the file open. */
function isOpen(file: string): boolean {
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === file;
    } catch {
      return false;
    }
  });
}

describe('settleStage: a rejected table', () => {
  it('another header in a file of several blocks → not open any more', async () => {
    const scene = await sceneWith();
    const file = scene.file(scene.paths.results);
    writeFileSync(file, 'x\n'.repeat(1_000_000));
    await expect(settleStage(scene, classifying(scene, [A]))).rejects.toThrow('expected the header');
    await vi.waitFor(() => expect(isOpen(file)).toBe(false), 30_000);
  });
});

describe('settleStage: a table that is there without a record', () => {
  it('linked by an attempt that was killed before the record → recorded as our own; of fewer rows → superseded', async () => {
    const scene = await sceneWith();
    await expect(settleStage(scene, classifying(scene, [A], { dies: true }))).rejects.toThrow('killed');
    const { outcome, record } = await settleStage(scene, classifying(scene, [A]));
    expect([outcome, record.outputs.map(({ kept }) => kept)]).toEqual(['found', [undefined]]);

    await moveSuperseded(scene, 'classifying', { merged: 'B' });
    const filled = await settleStage(scene, classifying(scene, [A, B], { merged: 'B' }));
    expect(filled.outcome).toBe('written');
    expect(names(scene)).toEqual([
      'prediction_results.txt',
      expect.stringMatching(/^prediction_results.txt.superseded-/u) as string,
    ]);
  });

  it('the same rows in other bytes → somebody else’s: kept, never moved', async () => {
    const scene = await sceneWith();
    const text = `${RESULTS_HEADER}\n${resultLine(A).replace('0.8', '0.80')}`;
    writeFileSync(scene.file(scene.paths.results), text);
    const { record } = await settleStage(scene, classifying(scene, [A]));
    expect(record.outputs.map(({ kept }) => kept)).toEqual([true]);
    await moveSuperseded(scene, 'classifying', { merged: 'B' });
    expect(readFileSync(scene.file(scene.paths.results), 'utf8')).toBe(text);
  });

  it('recompute moves another one away meanwhile → what was written before that is our own', async () => {
    const scene = await sceneWith({ onBadCheckpoint: 'recompute' });
    const other = `${scene.paths.merged}/other.txt`;
    writeFileSync(scene.file(other), `${RESULTS_HEADER}\n${resultLine(B)}`);
    const { outcome, record } = await settleStage(scene, classifying(scene, [A], { more: [other] }));
    expect([outcome, record.outputs.map(({ path, kept }) => [path, kept])]).toEqual([
      'written',
      [
        [scene.paths.results, undefined],
        [other, undefined],
      ],
    ]);
  });
});
