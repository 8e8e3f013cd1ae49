import * as path from 'node:path';
import { appendFailedCheckpoint } from '../checkpoint/failed-checkpoints.ts';
import type { CheckpointError } from '../checkpoint/errors.ts';
import { FailureType } from '../contract/failure-types.ts';
import type { Offender } from '../contract/outcome.ts';
import type { MergeEmbeddingsInput, MergeEmbeddingsResult } from '../contract/prediction.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { makeDurableFolder, syncFolder } from '../platform/sync-folder.ts';
import { removeCheckpointTemps } from '../run/clear-the-way.ts';
import { mapLimited } from '../run/limited.ts';
import { LackingError } from './merge/merge-part.ts';
import { MERGE_THREADS, runMergeTask } from './merge/merge-pool.ts';
import type { BadPart, MergedPart, MergePart } from './merge/merge-tasks.ts';
import { RowProgress } from './merge/row-progress.ts';
import { settleUnsound } from './merge/unsound-embeddings.ts';
import { splitPartsOf } from './parts.ts';
import { pathsOf, type PredictionPaths, type SideName } from './paths.ts';
import { readStageRecord, writeStageRecord, type NewRecord } from './stage-record.ts';
import type { StageContext } from './stage.ts';

/**
 * Joins the nucleotide and protein embeddings of every part by id: `{stem}_merged/output_N_merged.pt`, shape
 * `[sequences, 3328]`, rows in the order of the nucleotide split file. What is there is compared with its embeddings bit by
 * bit before anything is written. A merged checkpoint that is not what it has to be, and an embedding that was damaged, is
 * dealt with as the request says (`onBadCheckpoint`), and is listed in failed_checkpoints.txt.
 *
 * @throws VirnucproError `CheckpointError.Corrupted` or `.Incompatible` naming file and id; errno errors; the abort reason
 */
export async function mergeEmbeddings(context: StageContext, options: MergeOptions): Promise<MergeEmbeddingsResult> {
  return new MergeStage(context, options).run();
}

/** As in the input of the activity. */
export type MergeOptions = Pick<MergeEmbeddingsInput, 'allowMissing' | 'embedAgain'>;

/** What is known of one part. */
type PartState =
  | { state: 'missing' }
  | { state: 'found' | 'written'; merged: MergedPart }
  | { state: 'bad'; bad: BadPart }
  | { state: 'unsound'; embedding: CheckpointError }
  /** An embedding is not there: an attempt that has died may have set it aside. */
  | { state: 'without embedding' }
  | { state: 'left out'; why: Offender };

class MergeStage {
  readonly #context: StageContext;
  readonly #paths: PredictionPaths;
  readonly #allowMissing: boolean;
  readonly #embedAgain: boolean;
  readonly #startedAt = new Date();

  constructor(context: StageContext, { allowMissing, embedAgain = false }: MergeOptions) {
    this.#context = context;
    this.#paths = pathsOf(context.request, context.input);
    this.#allowMissing = allowMissing;
    this.#embedAgain = embedAgain && context.request.onBadCheckpoint === 'recompute';
  }

  async run(): Promise<MergeEmbeddingsResult> {
    const split = await splitPartsOf(this.#context);
    const numbers = Array.from({ length: split.parts }, (_, index) => index + 1);
    await this.#prepare(numbers);
    const progress = new RowProgress(this.#context, split.sequences);
    const judged = await mapLimited(numbers, MERGE_THREADS, (part) => this.#judge(part, progress));
    const before = await this.#settleUnsound(judged);
    if (before > 0) return this.#embedAnew(before);
    await this.#settleBad(judged);
    const states = await mapLimited(numbers, MERGE_THREADS, (part, index) =>
      this.#settle(part, judged[index] as PartState, progress),
    );
    const setAside = await this.#settleUnsound(states.filter((state) => !judged.includes(state)));
    if (setAside > 0) return this.#embedAnew(setAside);
    return this.#finish(states.map((state) => this.#withoutUnsound(state)));
  }

  /** Temporary files that a kill left behind would take as much room as the checkpoints. */
  async #prepare(numbers: readonly number[]): Promise<void> {
    const folder = path.join(this.#context.directory, this.#paths.merged);
    await makeDurableFolder(nodeFileSystem, folder);
    await removeCheckpointTemps(
      folder,
      numbers.map((part) => ({ checkpoint: path.basename(this.#paths.mergedPart(part)) })),
    );
  }

  async #judge(part: number, progress: RowProgress): Promise<PartState> {
    const { request, signal } = this.#context;
    const target = this.#target(part);
    if ((await nodeFileSystem.stat(target)) === undefined) return { state: 'missing' };
    const input = { part: this.#partOf(part), trustContent: request.skipCheckpointValidation };
    return this.#orLeftOut(part, async () => {
      const verdict = await runMergeTask('judge', input, { signal, onRows: progress.of(part) });
      return 'bad' in verdict ? { state: 'bad', bad: verdict } : { state: 'found', merged: verdict };
    });
  }

  /** @returns how many embeddings are to be embedded again */
  async #settleUnsound(states: readonly PartState[]): Promise<number> {
    const unsound = states.flatMap((state) => (state.state === 'unsound' ? [state.embedding] : []));
    await settleUnsound(this.#context, unsound, { embedAgain: this.#embedAgain });
    const without = states.filter(({ state }) => state === 'without embedding');
    return without.length + (this.#embedAgain ? unsound.length : 0);
  }

  #embedAnew(setAside: number): MergeEmbeddingsResult {
    const { stem } = this.#context.input;
    return { outcome: 'found', stem, merged: 0, rows: 0, missing: [], missingParts: 0, setAside };
  }

  #withoutUnsound(state: PartState): PartState {
    return state.state === 'unsound' ? this.#leftOut(state.embedding) : state;
  }

  #leftOut({ path: file, reason }: CheckpointError): PartState {
    return { state: 'left out', why: { path: path.relative(this.#context.directory, file), reason } };
  }

  /** Every bad one is listed before the stage stops, or goes on without them. */
  async #settleBad(judged: readonly PartState[]): Promise<void> {
    const { directory, request } = this.#context;
    const bad = judged.flatMap((state, index) =>
      state.state === 'bad' ? [{ file: this.#target(index + 1), ...state.bad }] : [],
    );
    const listed = bad.filter((one) => one.bad !== 'in_progress');
    for (const { file, reason } of listed) await appendFailedCheckpoint(directory, { path: file, reason });
    if (listed.length > 0 && request.onBadCheckpoint === 'fail') throw badCheckpoints(listed);
    const inTheWay = bad.filter((one) => one.bad === 'in_progress' || request.onBadCheckpoint === 'recompute');
    const stamp = new Date().toISOString().replaceAll(/[-:]/g, '');
    for (const { file } of inTheWay) await nodeFileSystem.rename(file, `${file}.bad-${stamp}`);
    if (inTheWay.length > 0) await syncFolder(nodeFileSystem, path.join(directory, this.#paths.merged));
  }

  async #settle(part: number, judged: PartState, progress: RowProgress): Promise<PartState> {
    if (judged.state !== 'missing' && judged.state !== 'bad') return judged;
    if (
      judged.state === 'bad' &&
      judged.bad.bad !== 'in_progress' &&
      this.#context.request.onBadCheckpoint === 'skip'
    ) {
      const why = { path: this.#paths.mergedPart(part), reason: `left as it is: ${judged.bad.reason}` };
      return { state: 'left out', why };
    }
    return this.#orLeftOut(part, () => this.#write(part, progress));
  }

  async #write(part: number, progress: RowProgress): Promise<PartState> {
    const watch = { signal: this.#context.signal, onRows: progress.of(part) };
    const input = { part: this.#partOf(part) };
    const written = await runMergeTask('write', input, watch);
    if (written !== 'existing') return { state: 'written', merged: written };
    const verdict = await runMergeTask('judge', { ...input, trustContent: false }, watch);
    if (!('bad' in verdict)) return { state: 'written', merged: verdict };
    throw badCheckpoints([{ file: this.#target(part), ...verdict }]);
  }

  /** @throws the CheckpointError of an embedding that is not there, unless parts may be missing */
  async #orLeftOut(part: number, work: () => Promise<PartState>): Promise<PartState> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LackingError)) throw error;
      if (error.why.code !== 'MISSING') return { state: 'unsound', embedding: error.why };
      if (this.#allowMissing) return this.#leftOut(error.why);
      if (this.#embedAgain) return { state: 'without embedding' };
      throw error.why;
    }
  }

  async #finish(states: readonly PartState[]): Promise<MergeEmbeddingsResult> {
    const merged = states.flatMap((state, index) =>
      'merged' in state
        ? [{ ...state.merged, path: this.#paths.mergedPart(index + 1), found: state.state === 'found' }]
        : [],
    );
    const before = await readStageRecord(this.#context, 'merging');
    const leftOut = states.flatMap((state) => (state.state === 'left out' ? [state.why] : []));
    const short = merged.filter(({ missing }) => missing.count > 0);
    const missing = [...leftOut, ...short.map(describeMissing)].slice(0, MAX_OFFENDERS).map(cut);
    const rows = sum(merged.map((one) => one.rows));
    const facts = {
      parts: states.length,
      merged: merged.length,
      rows,
      missingParts: leftOut.length,
      missingSequences: sum(short.map((one) => one.missing.count)),
    };
    const outputs = merged.map(({ path: file, bytes, sha256, found }) => {
      const recorded = before?.outputs.find((output) => output.path === file && output.sha256 === sha256);
      return recorded ?? { path: file, bytes, sha256, ...(found && { kept: true as const }) };
    });
    const record = { stage: 'merging', of: this.#madeFrom(), outputs, facts, missing } as const;
    // A record that says the same stays: it tells when the work was done.
    if (before === undefined || told(before) !== told(record))
      await writeStageRecord(this.#context, { ...record, startedAt: this.#startedAt });
    return {
      outcome: states.some(({ state }) => state === 'written') ? 'written' : 'found',
      stem: this.#context.input.stem,
      merged: merged.length,
      rows,
      missing,
      missingParts: leftOut.length,
    };
  }

  #madeFrom(): Record<string, string> {
    const { nucleotide, protein } = this.#context.request;
    return { nucleotide: nucleotide.embedder.name, protein: protein.embedder.name };
  }

  #target(part: number): string {
    return path.join(this.#context.directory, this.#paths.mergedPart(part));
  }

  #partOf(part: number): MergePart {
    const { directory, request } = this.#context;
    const side = (name: SideName) => {
      const { kind, dim } = request[name];
      const file = path.posix.basename(this.#paths.checkpoint(name, part));
      return { folder: path.join(directory, this.#paths.side(name)), name: file, kind, dim };
    };
    return {
      split: path.join(directory, this.#paths.split('nucleotide', part)),
      nucleotide: side('nucleotide'),
      protein: side('protein'),
      level: request.skipCheckpointValidation ? 'structure' : 'deep',
      target: this.#target(part),
    };
  }
}

function told({ of, outputs, facts, missing }: Omit<NewRecord, 'startedAt'>): string {
  return JSON.stringify([of, outputs, facts, missing]);
}

interface BadFile extends BadPart {
  file: string;
}

function badCheckpoints(bad: readonly BadFile[]): VirnucproError {
  const corrupted = bad.some((one) => one.bad === 'corrupted');
  const type = corrupted ? FailureType.CheckpointCorrupted : FailureType.CheckpointIncompatible;
  const more = bad.length === 1 ? '' : ` (and ${bad.length - 1} more, see failed_checkpoints.txt)`;
  const message = `${bad[0]?.file}: ${bad[0]?.reason}${more}; mend or remove the file, or start again with --on-bad-checkpoint recompute`;
  return new VirnucproError(type, message, { offenders: bad.map(({ file, reason }) => ({ path: file, reason })) });
}

/** An outcome names five, briefly. */
const MAX_OFFENDERS = 5;
const MAX_OFFENDER_LENGTH = 128;

function describeMissing({ path: file, rows, missing }: MergedPart & { path: string }): Offender {
  const more = missing.count > missing.ids.length ? ', …' : '';
  const named = missing.ids.map((id) => `"${id}"`).join(', ');
  return { path: file, reason: `${missing.count} of ${rows + missing.count} sequences skipped: ${named}${more}` };
}

function cut({ path: file, reason }: Offender): Offender {
  return { path: file.slice(-MAX_OFFENDER_LENGTH), reason: reason.slice(0, MAX_OFFENDER_LENGTH) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
