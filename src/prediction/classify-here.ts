import { availableParallelism } from 'node:os';
import * as path from 'node:path';
import { openCheckpointSync } from '../checkpoint/open-checkpoint.ts';
import { incompatible } from '../checkpoint/errors.ts';
import { openClassifier, type OpenClassifier } from '../classifier/index.ts';
import { FailureType } from '../contract/failure-types.ts';
import type { ClassifySequencesResult } from '../contract/prediction.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { inFlight } from './in-flight.ts';
import { mergedPartsOf, type MergedParts } from './parts.ts';
import { pathsOf } from './paths.ts';
import { RESULTS_TABLE } from './results/results-table.ts';
import { openTableOutput, type TableOutput } from './results/table-output.ts';
import type { ResultRow } from './results/results-format.ts';
import { settleStage, type StageOutputs, type StageRun } from './settle-stage.ts';
import { factOf, type RecordedOutput } from './stage-record.ts';
import { moveSuperseded } from './superseded.ts';

/**
 * `{stem}_merged/prediction_results.txt`, rows in the order of the merged checkpoints. Runs in a thread; see
 * classifySequences.
 *
 * @throws as settleStage; CheckpointError `incompatible` if the classifier is not the one that the request names;
 *   VirnucproError `RunError.InvalidInput` if the embeddings are not merged yet
 */
export async function classifyHere(run: StageRun): Promise<ClassifySequencesResult> {
  const merged = await mergedPartsOf(run);
  const of = { classifier: run.request.classifier.sha256, merged: merged.digest };
  await moveSuperseded(run, 'classifying', of);
  const { outcome, record } = await settleStage(run, {
    stage: 'classifying',
    of,
    make: (outputs) => writeResults(run, merged, outputs),
  });
  return { outcome, stem: run.input.stem, rows: factOf(record, 'rows') };
}

async function writeResults(
  run: StageRun,
  merged: MergedParts,
  outputs: StageOutputs,
): Promise<Record<'rows' | 'viral', number>> {
  const { results } = pathsOf(run.request, run.input);
  const output = await openTableOutput(outputs, results, RESULTS_TABLE);
  try {
    const facts = await classifyParts(run, merged, output);
    await output.finish();
    return facts;
  } finally {
    await output.discard();
  }
}

/** Beyond this, rows do not come as fast from a disk. */
const THREADS = Math.min(8, availableParallelism());

async function classifyParts(
  run: StageRun,
  merged: MergedParts,
  output: TableOutput<ResultRow>,
): Promise<Record<'rows' | 'viral', number>> {
  const facts = { rows: 0, viral: 0 };
  if (merged.parts.length === 0) return facts;
  const classifier = await openRequested(run);
  try {
    const blocks = blocksOf(run, merged.parts);
    const classified = inFlight(blocks, THREADS, async ({ ids, rows }) => ({
      ids,
      scores: await classifier.classify(rows),
    }));
    for await (const { ids, scores } of classified) {
      for (const [at, id] of ids.entries()) {
        const row = { id, score1: scores[2 * at] ?? Number.NaN, score2: scores[2 * at + 1] ?? Number.NaN };
        requireNumbers(row, run);
        facts.viral += row.score2 > row.score1 ? 1 : 0;
        const written = output.add(row);
        if (written !== undefined) await written;
      }
      facts.rows += ids.length;
      run.onProgress?.(facts.rows, merged.rows);
    }
    return facts;
  } finally {
    await classifier.close();
  }
}

/** The request was checked with this file; what is there now may be another. */
async function openRequested({ request, signal }: StageRun): Promise<OpenClassifier> {
  const { path: file, sha256 } = request.classifier;
  const classifier = await openClassifier(file, { signal, threads: THREADS });
  if (classifier.facts.sha256 === sha256) return classifier;
  await classifier.close();
  const text = `expected the classifier with SHA-256 ${sha256} that the prediction began with, got ${classifier.facts.sha256}`;
  throw incompatible(file, 'CLASSIFIER_CHANGED', `${text}; put it back`);
}

function requireNumbers({ id, score1, score2 }: ResultRow, { request }: StageRun): void {
  if (Number.isFinite(score1) && Number.isFinite(score2)) return;
  throw new VirnucproError(
    FailureType.CheckpointIncompatible,
    `"${id}": ${request.classifier.path} gives ${score1} and ${score2}, no probabilities: its merged row or the classifier holds NaN or Inf`,
  );
}

/** Rows that are read and classified at a time: about 7 MB. */
const BLOCK_ROWS = 512;

interface Block {
  ids: readonly string[];
  rows: Float32Array;
}

/** The rows of all parts, in order. */
async function* blocksOf(run: StageRun, parts: readonly RecordedOutput[]): AsyncGenerator<Block, void, undefined> {
  for (const part of parts) {
    const level = run.request.skipCheckpointValidation ? 'structure' : 'deep';
    const checkpoint = openCheckpointSync(path.join(run.directory, part.path), { level, expect: { kind: 'merged' } });
    try {
      for (let start = 0; start < checkpoint.rows; start += BLOCK_ROWS) {
        run.signal.throwIfAborted();
        const end = Math.min(checkpoint.rows, start + BLOCK_ROWS);
        yield { ids: checkpoint.ids.slice(start, end), rows: await checkpoint.readRows(start, end) };
      }
    } finally {
      checkpoint.close();
    }
  }
}
