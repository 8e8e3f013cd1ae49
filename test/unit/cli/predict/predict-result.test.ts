import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeResult } from '../../../../src/cli/predict/describe-result.ts';
import {
  resultOfError,
  resultOfLeaving,
  resultOfPrediction,
  type PredictResult,
} from '../../../../src/cli/predict/predict-result.ts';
import { FailureType } from '../../../../src/contract/failure-types.ts';
import type { PredictionOutcome } from '../../../../src/contract/prediction.ts';
import { VirnucproError } from '../../../../src/contract/virnucpro-error.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const EMBEDDING = { tasks: 4, found: 1, embedded: 3, failed: 0, skipped: 0, skippedSequences: 0, rows: 20 };
const COUNTS = {
  ...{ inputs: 1, predicted: 1, contigs: 5, viralContigs: 2, chunks: 9, viralChunks: 3, sequences: 10 },
  embedding: EMBEDDING,
};
const SUCCESS: PredictionOutcome = {
  ...{ schema: 1, outcome: 'success', exitCode: 0, message: 'done', offenders: [], report: 'report.json' },
  ...COUNTS,
};

const INPUT = {
  ...{ input: '/data/a.fa', stem: 'a', result: 'predicted', contigs: 5, viralContigs: 2, chunks: 9, sequences: 10 },
  files: [
    'a_chunked500.fa',
    'a_nucleotide.fa',
    'a_protein.faa',
    'a_merged/output_1_merged.pt',
    'a_merged/prediction_results.txt',
    'a_merged/prediction_results_highestscore.csv',
    'a_merged/prediction_results_contigs.tsv',
  ].map((path) => ({ path, bytes: 1, sha256: '' })),
};

async function folderWith(report: object): Promise<string> {
  const folder = await temporaryFolder();
  writeFileSync(join(folder, 'report.json'), JSON.stringify(report));
  return folder;
}

const ending = () => ({ workflowId: 'w', startedAt: Date.now() - 1234 });

describe('resultOfPrediction', () => {
  it('success → the counts of the outcome, and of each input its files with DIR as given', async () => {
    const folder = await folderWith({ predictions: [INPUT], notes: ['a note'] });
    const result = await resultOfPrediction(folder, SUCCESS, ending());
    const merged = join(folder, 'a_merged');
    expect(result).toEqual({
      ...{ schema: 1, outcome: 'success', exitCode: 0, workflowId: 'w', directory: folder },
      ...COUNTS,
      results: [
        {
          ...{ input: '/data/a.fa', stem: 'a', result: 'predicted' },
          ...{ contigs: 5, viralContigs: 2, chunks: 9, sequences: 10 },
          files: {
            chunked: join(folder, 'a_chunked500.fa'),
            nucleotide: join(folder, 'a_nucleotide.fa'),
            protein: join(folder, 'a_protein.faa'),
            predictions: join(merged, 'prediction_results.txt'),
            highestScore: join(merged, 'prediction_results_highestscore.csv'),
            contigs: join(merged, 'prediction_results_contigs.tsv'),
          },
        },
      ],
      notes: ['a note'],
      seconds: expect.any(Number),
    });
  });

  it('2,000 inputs → 1,000 of them', async () => {
    const folder = await folderWith({ predictions: Array.from({ length: 2000 }, () => INPUT) });
    expect((await resultOfPrediction(folder, SUCCESS, ending())).results).toHaveLength(1000);
  });

  it('stopped → the error of the report, which is not cut', async () => {
    const folder = await folderWith({ predictions: [], error: { type: 'x', message: 'the whole story' } });
    const failureType = FailureType.CheckpointCorrupted;
    const outcome = { ...SUCCESS, outcome: 'checkpoint', exitCode: 3, failureType } as const;
    const result = await resultOfPrediction(folder, outcome, ending());
    expect(result.error).toEqual({ type: failureType, message: 'the whole story' });
  });

  it('cancelled → the counts of its own report, never those of an earlier one', async () => {
    const outcome = { ...SUCCESS, outcome: 'cancelled', exitCode: 130, report: '', inputs: 0 } as const;
    const own = { ...COUNTS, workflowId: 'w', predictions: [INPUT], finishedAt: new Date().toISOString() };
    const result = await resultOfPrediction(await folderWith(own), outcome, ending());
    expect(result).toMatchObject({ outcome: 'cancelled', inputs: 1, error: { type: 'Cancelled' } });
    const earlier = await folderWith({ ...own, finishedAt: '2020-01-01T00:00:00Z' });
    expect(await resultOfPrediction(earlier, outcome, ending())).toMatchObject({ inputs: 0, results: [] });
  });

  it('terminated → failed, with an error', async () => {
    const message = 'terminated: x';
    const outcome = { ...SUCCESS, outcome: 'failed', exitCode: 1, report: '', message } as const;
    const result = await resultOfPrediction(await temporaryFolder(), outcome, ending());
    expect(result).toMatchObject({ exitCode: 1, error: { type: 'Terminated', message: 'terminated: x' } });
  });
});

describe('other endings', () => {
  it('an error → its exit code, type and message, and all counts 0', () => {
    const error = new VirnucproError(FailureType.CheckpointIncompatible, 'other model');
    const result = resultOfError(error, { ...ending(), directory: null });
    expect(result).toMatchObject({ outcome: 'checkpoint', exitCode: 3, directory: null, inputs: 0, results: [] });
    expect(result.error).toEqual({ type: FailureType.CheckpointIncompatible, message: 'other model' });
  });

  it('left → no error', () => {
    const result = resultOfLeaving(null, 143, { ...ending(), directory: 'p' });
    expect(result).toMatchObject({ outcome: null, exitCode: 143, workflowId: 'w', directory: 'p' });
    expect(result).not.toHaveProperty('error');
  });

  it('every ending has the same fields, error aside', async () => {
    const whole = await resultOfPrediction(await folderWith({ predictions: [INPUT] }), SUCCESS, ending());
    const others = [resultOfError(new Error('x'), { ...ending(), directory: 'p' })];
    for (const { error: _, ...rest } of others) expect(Object.keys(rest)).toEqual(Object.keys(whole));
  });
});

describe('describeResult', () => {
  const result: PredictResult = {
    ...{ schema: 1, outcome: 'success', exitCode: 0, workflowId: 'w', directory: 'p', ...COUNTS },
    ...{ results: [], notes: [], seconds: 3 },
  };
  const files = { contigs: 'p/c.tsv', highestScore: 'p/h.csv', predictions: 'p/r.txt', chunked: 'p/c.fa' };
  const counts = { contigs: 5, viralContigs: 2, chunks: 9, sequences: 10 };
  const input = { input: 'a.fa', stem: 'a', result: 'predicted', ...counts, files } as const;

  it('success → how many contigs are viral, and where the tables are', () => {
    expect(describeResult({ ...result, results: [input], notes: ['one\nline'] })).toBe(
      [
        'success: 2 of 5 contigs viral, in 1 input; 3.0 s',
        '3 of 9 chunks viral, from 10 translated frames; 4 checkpoints: 1 found, 3 embedded, 0 failed, 0 skipped; 20 rows',
        'note: one\\u{a}line',
        '  a: 2 of 5 contigs viral',
        '    p/c.tsv',
        '    p/h.csv',
        '    p/r.txt',
        'everything is in p/report.json',
        '',
      ].join('\n'),
    );
  });

  it('no frame free of stops → said', () => {
    const none = { ...input, sequences: 0, viralContigs: 0 };
    expect(describeResult({ ...result, results: [none] })).toContain('no frame is free of stops');
  });

  it('an input without a result → why; eleven inputs → the last one is counted', () => {
    const missing = { ...input, result: 'missing', reason: 'chunks\nwere changed' } as const;
    const text = describeResult({ ...result, results: Array.from({ length: 11 }, () => missing) });
    expect(text).toContain('  a: no result: chunks\\u{a}were changed\n');
    expect(text).toContain('  … and 1 more inputs\n');
  });

  it('an error before anything was counted → type and message', () => {
    const failed = { ...result, outcome: 'failed', inputs: 0, error: { type: 'T', message: 'm' } } as const;
    expect(describeResult(failed)).toBe('failed: after 3.0 s\nT: m\n');
  });
});
