import { createHash } from 'node:crypto';
import * as path from 'node:path';
import { corrupted, incompatible } from '../checkpoint/errors.ts';
import { quote } from '../checkpoint/text.ts';
import { FailureType } from '../contract/failure-types.ts';
import type { CallConsensusResult } from '../contract/prediction.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { countChunks, readRecords } from '../sequences/index.ts';
import { pathsOf } from './paths.ts';
import { ChunkScores } from './results/chunk-scores.ts';
import { ContigIndex } from './results/contig-index.ts';
import { CONTIGS_TABLE } from './results/contigs-table.ts';
import { putHighestScores } from './results/highest-score.ts';
import { readLineBlocks } from './results/lines.ts';
import { parseResultLine, RESULTS_HEADER } from './results/results-format.ts';
import { openTableOutput } from './results/table-output.ts';
import { REMEDY } from './remedy.ts';
import { compareWithRecord, settleStage, type StageOutputs, type StageRun } from './settle-stage.ts';
import { requireStageRecord } from './stage-input.ts';
import { factOf, outputOf, type RecordedOutput } from './stage-record.ts';
import { moveSuperseded } from './superseded.ts';

/**
 * `prediction_results_highestscore.csv` (chunks, as VirNucPro calls them) and `prediction_results_contigs.tsv` (virus where at
 * least half of the classified chunks are viral), from prediction_results.txt. Runs in a thread; see callConsensus.
 *
 * @throws as settleStage; CheckpointError `corrupted` if the results are not as they were recorded; VirnucproError
 *   `RunError.InvalidInput` if the input is not what the request was checked with
 */
export async function callConsensusHere(run: StageRun): Promise<CallConsensusResult> {
  const { request, input } = run;
  const classified = await requireStageRecord(run, 'classifying');
  const results = outputOf(classified, pathsOf(request, input).results);
  const of = { input: input.sha256, results: results.sha256 };
  await moveSuperseded(run, 'consensus', of);
  const { outcome, record } = await settleStage(run, {
    stage: 'consensus',
    of,
    make: (outputs) => call(run, results, outputs),
  });
  return {
    outcome,
    stem: input.stem,
    chunks: factOf(record, 'chunks'),
    viralChunks: factOf(record, 'viralChunks'),
    contigs: factOf(record, 'contigs'),
    viralContigs: factOf(record, 'viralContigs'),
  };
}

type ConsensusFacts = Record<'chunks' | 'viralChunks' | 'contigs' | 'viralContigs' | 'unclassifiedContigs', number>;

async function call(run: StageRun, results: RecordedOutput, outputs: StageOutputs): Promise<ConsensusFacts> {
  const paths = pathsOf(run.request, run.input);
  const contigs = await indexContigs(run);
  const scores = await readScores(run, results, contigs);
  await putHighestScores(outputs, paths.highestScore, contigs, scores);
  const facts = { chunks: scores.classified, viralChunks: 0, contigs: 0, viralContigs: 0, unclassifiedContigs: 0 };
  const table = await openTableOutput(outputs, paths.contigs, CONTIGS_TABLE);
  try {
    for (const contig of scores.contigs()) {
      facts.contigs += 1;
      facts.viralChunks += contig.viralChunks;
      facts.viralContigs += contig.call === 'virus' ? 1 : 0;
      facts.unclassifiedContigs += contig.call === 'unclassified' ? 1 : 0;
      const written = table.add(contig);
      if (written !== undefined) await written;
    }
    await table.finish();
    return facts;
  } finally {
    await table.discard();
  }
}

/** Contigs without a sequence are left out here as everywhere. */
async function indexContigs({ request, input, signal }: StageRun): Promise<ContigIndex> {
  const file = path.join(request.inputRoot, input.path);
  const hash = createHash('sha256');
  const onContent = (bytes: Buffer): void => void hash.update(bytes);
  const contigs = new ContigIndex();
  for await (const { id, sequence } of readRecords(file, { signal, onContent, emptyRecords: 'keep' })) {
    if (sequence !== '') contigs.add(id, sequence.length, countChunks(sequence.length, request.expectedLength));
  }
  if (hash.digest('hex') === input.sha256) return contigs;
  throw new VirnucproError(
    FailureType.RunInvalidInput,
    `${file}: the input changed since the prediction began; put it back, or predict it into another folder`,
  );
}

async function readScores(run: StageRun, results: RecordedOutput, contigs: ContigIndex): Promise<ChunkScores> {
  const file = path.join(run.directory, results.path);
  const found = await compareWithRecord(run, results);
  if (found === 'missing') throw corrupted(file, 'MISSING', 'file does not exist; start the prediction again');
  if (found !== 'sound') throw found;
  const scores = new ChunkScores(contigs);
  let number = 0;
  for await (const lines of readLineBlocks(file, run.signal)) {
    for (const line of lines) {
      number += 1;
      const row = number === 1 ? undefined : parseResultLine(line);
      if (row === undefined ? line === RESULTS_HEADER : scores.add(row)) continue;
      const what = row === undefined ? `${quote(line)} is no row of results` : `"${row.id}" is no frame of this input`;
      throw incompatible(file, 'CONTENT', `line ${number}: ${what}; ${REMEDY}`);
    }
    run.onProgress?.(number);
  }
  return scores;
}
