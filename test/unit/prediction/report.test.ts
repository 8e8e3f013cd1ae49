import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import type { FinishPredictionInput } from '../../../src/contract/prediction.ts';
import { finishPredictionOnDisk, removeSplitFiles } from '../../../src/prediction/report.ts';
import type { PredictionReport } from '../../../src/prediction/report-types.ts';
import { makeReportPage } from '../../../src/report/index.ts';
import type { PredictionPageData } from '../../../src/report/prediction/page-data.ts';
import { predictedScene, writeSideReport } from '../../support/predicted-scene.ts';
import { reportErrors } from '../../support/report-schema.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const IDENTITY = { workflowId: 'w', workflowRunId: 'r' };
const LIVE = new AbortController().signal;

const finish = (input: FinishPredictionInput, mayWrite = true, workflowRunId = 'r') =>
  finishPredictionOnDisk(input, { ...IDENTITY, workflowRunId }, { mayWrite, signal: LIVE });
const reportOf = (directory: string) =>
  JSON.parse(readFileSync(join(directory, 'report.json'), 'utf8')) as PredictionReport;
const sum = (counts: readonly number[]) => counts.reduce((total, one) => total + one, 0);

describe('finishPredictionOnDisk', () => {
  it('all stages have ended → success, counts from the files, a report that its schema accepts', async () => {
    const scene = await predictedScene();
    const outcome = await finish(scene.finishing);
    expect(outcome).toMatchObject({ outcome: 'success', exitCode: 0, inputs: 1, predicted: 1, contigs: 2, chunks: 4 });
    expect(outcome.message).toMatch(/^\d of 2 contigs (?:is|are) viral \(\d of 4 chunks, 1 input\)$/u);
    const report = reportOf(scene.directory);
    expect(reportErrors(report, 'prediction-report')).toEqual([]);
    expect(report).toMatchObject({ kind: 'prediction', ...IDENTITY, validation: 'structure', failures: [], notes: [] });
    expect(report).not.toHaveProperty('offenders');
    const [prediction] = report.predictions;
    const rows = (await scene.read(scene.paths.results)).trimEnd().split('\n').length - 1;
    expect(prediction).toMatchObject({ stem: 'in', result: 'predicted', contigs: 2, sequences: rows });
    expect(prediction?.stages.map(({ stage, outcome: how }) => `${stage} ${how}`)).toEqual(
      ['chunking', 'translating', 'splitting', 'merging', 'classifying', 'consensus'].map(
        (stage) => `${stage} written`,
      ),
    );
    expect(prediction?.embeddings.map(({ side, embedder, inThisRun }) => [side, embedder, inThisRun])).toEqual([
      ['nucleotide', 'fake', true],
      ['protein', 'fake', true],
    ]);
    expect(prediction?.files.map(({ path }) => path)).toContain(scene.paths.results);
    expect(prediction?.files.some(({ path }) => path === scene.paths.split('protein', 1))).toBe(false);
    expect(sum([...report.scores!.sequences.virus, ...report.scores!.sequences.others])).toBe(rows);
    expect(report.workers.map(({ host, pid }) => `${host} ${pid}`)).toEqual(['node-1 7']);
  });

  it('its page → contigs, scores, stages and embedding runs of the folder', async () => {
    const scene = await predictedScene();
    await finish(scene.finishing);
    const html = readFileSync(await makeReportPage(scene.directory), 'utf8');
    const json = /<script id="report-data"[^>]*>(?<json>[^]*?)<\/script>/u.exec(html)?.groups?.['json'] ?? '';
    const data = JSON.parse(json) as PredictionPageData;
    expect(data).toMatchObject({ kind: 'prediction', names: ['in'], contigs: { total: 2 }, notes: [] });
    expect(data.contigs.rows.map(([, contig]) => contig).toSorted()).toEqual(['long', 'short']);
    expect(data.inputs[0]?.links.map(({ href }) => href)).toContain('./in_merged/prediction_results_contigs.tsv');
    expect(data.embeddings.map(({ links }) => links.map(({ text }) => text))).toEqual([
      ['report.json'],
      ['report.json'],
    ]);
    expect(data.timeline?.lanes).toHaveLength(3);
  });

  it('once more, with nothing to do → everything was found; split files that were removed are no holes', async () => {
    const scene = await predictedScene();
    const first = await finish(scene.finishing);
    expect(await removeSplitFiles(scene.directory, scene.finishing.request!, first, LIVE)).toBeGreaterThan(1);
    const again = { ...scene.finishing, startedAt: new Date().toISOString() };
    expect(await finish(again, true, 'another')).toMatchObject({ outcome: 'success', message: first.message });
    const [prediction] = reportOf(scene.directory).predictions;
    expect(new Set(prediction?.stages.map(({ outcome }) => outcome))).toEqual(new Set(['found']));
    expect(prediction?.embeddings.map(({ inThisRun }) => inThisRun)).toEqual([false, false]);
  });

  it('a retry after the report was written → the same report', async () => {
    const scene = await predictedScene();
    await finish(scene.finishing);
    const { finishedAt: _, seconds: __, finishedBy: ___, ...before } = reportOf(scene.directory);
    await finish(scene.finishing);
    expect(reportOf(scene.directory)).toMatchObject(before);
  });

  it('results that are gone → partial, counted from disk, with the reason', async () => {
    const scene = await predictedScene();
    rmSync(scene.file(scene.paths.results));
    const outcome = await finish(scene.finishing);
    expect(outcome).toMatchObject({ outcome: 'partial', exitCode: 2, predicted: 0, sequences: 0 });
    expect(outcome.offenders[0]).toMatchObject({
      path: scene.paths.results,
      reason: expect.stringContaining('not there'),
    });
    const report = reportOf(scene.directory);
    expect(report.predictions[0]).toMatchObject({ result: 'missing' });
    expect(report.scores).toBeUndefined();
  });

  it('bad checkpoints of an embedding run → failures, with paths relative to the folder', async () => {
    const scene = await predictedScene();
    const reason = 'no complete checkpoint on disk';
    const checkpoints = [{ path: 'output_1_FAKE.pt', result: 'failed', reason, input: '/x', embedder: 'fake' }];
    writeSideReport(scene, 'protein', { outcome: 'partial', exitCode: 2, checkpoints });
    await finish({ ...scene.finishing, partial: true });
    expect(reportOf(scene.directory).failures).toEqual([{ path: 'in_protein/output_1_FAKE.pt', reason }]);
  });

  it('failed before there was a request → the failure, and a report without predictions', async () => {
    const directory = await temporaryFolder();
    const failure = { type: FailureType.RunInvalidInput, message: 'no such model' };
    const outcome = await finish(early(directory, { failure }));
    expect(outcome).toMatchObject({ outcome: 'failed', exitCode: 1, inputs: 0, message: 'no such model' });
    const report = reportOf(directory);
    expect(reportErrors(report, 'prediction-report')).toEqual([]);
    expect(report).toMatchObject({ error: failure, predictions: [] });
    expect(readFileSync(await makeReportPage(directory), 'utf8')).toContain('no such model');
  });

  it('a folder that cannot be written, or is none → the outcome all the same, saying why there is no report', async () => {
    const directory = await temporaryFolder();
    writeFileSync(join(directory, 'file'), '');
    const outcome = await finish(early(join(directory, 'file', 'run'), { cancelled: true }));
    expect(outcome).toMatchObject({ outcome: 'cancelled', exitCode: 130, report: '' });
    expect(outcome.message).toMatch(/\(no report: ENOTDIR/u);
  });

  it('the folder belongs to another → nothing is written', async () => {
    const directory = await temporaryFolder();
    expect(await finish(early(directory, { cancelled: true }), false)).toMatchObject({ report: '' });
    expect(existsSync(join(directory, 'report.json'))).toBe(false);
  });
});

function early(directory: string, more: Partial<FinishPredictionInput>): FinishPredictionInput {
  const embedding = { tasks: 0, found: 0, embedded: 0, failed: 0, skipped: 0, skippedSequences: 0, rows: 0 };
  const startedAt = new Date().toISOString();
  return { contract: 1, run: { directory, runId: 'run' }, partial: false, embedding, startedAt, ...more };
}
