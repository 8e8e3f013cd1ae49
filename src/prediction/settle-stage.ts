import * as path from 'node:path';
import { appendFailedCheckpoint } from '../checkpoint/failed-checkpoints.ts';
import { CheckpointError, corrupted, incompatible } from '../checkpoint/errors.ts';
import type { StageOutcome } from '../contract/prediction.ts';
import type { FileSystem } from '../platform/file-system.ts';
import { ignoreMissing } from '../platform/missing.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { makeDurableFolder, syncFolder } from '../platform/sync-folder.ts';
import { sweepSeldom } from '../platform/temp-files.ts';
import type { RecordedStage } from './paths.ts';
import { digestOf, type PublishedFile, type PublishFileOptions } from './publish-file.ts';
import { REMEDY } from './remedy.ts';
import { readStageRecord, writeStageRecord, type RecordedOutput, type StageRecord } from './stage-record.ts';
import type { StageContext } from './stage.ts';

/** A stage in its thread. */
export interface StageRun extends StageContext {
  /** @default the real one */
  fileSystem?: FileSystem;
}

/** What a stage does where its record, or an output, is not there or not right. */
export interface StageWork {
  stage: RecordedStage;
  /** Digests and settings that the outputs follow from: others mean other outputs. */
  of: Record<string, string>;
  /**
   * Whether a file that is there without a record is somebody else's. @default true: nothing of it will ever be removed, so
   * it does not matter
   */
  isForeign?(name: string): boolean;
  /**
   * Makes what is missing and compares what is there without a record. Is called again when files were moved out of its way.
   *
   * @returns counts for the record
   */
  make(outputs: StageOutputs): Promise<Record<string, number>>;
}

export interface SettledStage {
  outcome: StageOutcome;
  record: StageRecord;
}

/**
 * Brings a stage to its end, whatever is on disk: outputs that its record names and that are unchanged are kept, outputs
 * without a record are compared, missing ones are made. Then the record is written.
 *
 * Bad outputs (changed since they were recorded, or not what belongs there) go to failed_checkpoints.txt. They stop the
 * stage, or are renamed to `{name}.bad-{time}` and made again where the request says `recompute`.
 *
 * @throws CheckpointError `corrupted` or `incompatible` naming the file; errno errors naming it; the abort reason; what
 *   `make` throws
 */
export async function settleStage(run: StageRun, work: StageWork): Promise<SettledStage> {
  const startedAt = new Date();
  const recorded = await recordedOutputs(run, work);
  if (recorded.record !== undefined && recorded.complete) return { outcome: 'found', record: recorded.record };
  const { sound } = recorded;
  for (let written = false; ;) {
    run.signal.throwIfAborted();
    const outputs = new StageOutputs(run, sound, work.isForeign);
    const facts = await work.make(outputs);
    written ||= outputs.written;
    if (outputs.bad.length > 0) {
      await setAside(run, outputs.bad);
      // What was made or compared just now counts as that: it must not be taken for a file that was there before.
      for (const output of outputs.all) sound.set(output.path, output);
      continue;
    }
    await outputs.syncFolders();
    const { stage, of } = work;
    const record = await writeStageRecord(run, { stage, of, outputs: outputs.all, facts, startedAt }, run.fileSystem);
    return { outcome: written ? 'written' : 'found', record };
  }
}

/** What the record of the stage is worth. */
interface RecordedOutputs {
  record?: StageRecord;
  /** Every output that it names is there and unchanged. */
  complete: boolean;
  /** Outputs that are there and unchanged, by path. */
  sound: Map<string, RecordedOutput>;
}

async function recordedOutputs(run: StageRun, { stage, of }: StageWork): Promise<RecordedOutputs> {
  const sound = new Map<string, RecordedOutput>();
  const record = await readStageRecord(run, stage, run.fileSystem);
  if (record === undefined || !sameEntries(record.of, of)) return { complete: false, sound };
  const bad: CheckpointError[] = [];
  for (const output of record.outputs) {
    run.signal.throwIfAborted();
    const found = await compareWithRecord(run, output);
    if (found === 'sound') sound.set(output.path, output);
    else if (found !== 'missing') bad.push(found);
  }
  if (bad.length > 0) await setAside(run, bad);
  return { record, complete: sound.size === record.outputs.length, sound };
}

function sameEntries(a: Record<string, string>, b: Record<string, string>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/**
 * @returns why the file is not what was recorded
 * @throws errno errors
 */
export async function compareWithRecord(
  run: Pick<StageRun, 'directory' | 'request' | 'fileSystem'>,
  { path: name, bytes, sha256 }: RecordedOutput,
): Promise<'sound' | 'missing' | CheckpointError> {
  const fileSystem = run.fileSystem ?? nodeFileSystem;
  const file = path.join(run.directory, name);
  const stat = await fileSystem.stat(file);
  if (stat === undefined) return 'missing';
  if (!stat.isFile) return incompatible(file, 'NOT_A_FILE', `expected a file, found something else; ${REMEDY}`);
  if (stat.size !== bytes) {
    return corrupted(file, 'SIZE', `expected ${bytes} bytes as when it was written, got ${stat.size}; ${REMEDY}`);
  }
  if (run.request.skipCheckpointValidation) return 'sound';
  const found = await digestOf(fileSystem, file);
  if (found.sha256 === sha256) return 'sound';
  const text = `expected SHA-256 ${short(sha256)} as when it was written, got ${short(found.sha256)}; ${REMEDY}`;
  return corrupted(file, 'DIGEST', text);
}

function short(sha256: string): string {
  return `${sha256.slice(0, 12)}…`;
}

/**
 * Notes bad outputs in failed_checkpoints.txt and renames them, where the request says so.
 *
 * @throws the first of `bad` where the request does not
 */
async function setAside(run: StageRun, bad: readonly CheckpointError[]): Promise<void> {
  const fileSystem = run.fileSystem ?? nodeFileSystem;
  for (const { path: file, reason } of bad) await appendFailedCheckpoint(run.directory, { path: file, reason });
  const { onBadCheckpoint } = run.request;
  if (onBadCheckpoint !== 'recompute') throw stopping(bad[0]!, onBadCheckpoint);
  const stamp = new Date().toISOString().replaceAll(/[-:]/g, '');
  for (const { path: file } of bad) {
    // Of two processes that find the same, one renames it.
    await fileSystem.rename(file, `${file}.bad-${stamp}`).catch(ignoreMissing);
    await syncFolder(fileSystem, path.dirname(file));
  }
}

/** What else is to be said where somebody expects bad files to be passed over. */
function stopping(error: CheckpointError, mode: 'fail' | 'skip'): CheckpointError {
  if (mode === 'fail') return error;
  const { class: kind, code, path: file, reason } = error;
  const text = `${reason.slice(`${kind}: `.length)} (only embeddings can be skipped: all that follows needs this file)`;
  return new CheckpointError({ class: kind, code, text, path: file }, { cause: error });
}

/** The files of one stage while it is being brought to its end. */
export class StageOutputs {
  /** In the order in which they were finished. */
  readonly all: RecordedOutput[] = [];
  /** Files that are in the way of outputs, where they may be moved out of it. */
  readonly bad: CheckpointError[] = [];
  written = false;
  readonly #run: StageRun;
  readonly #sound: ReadonlyMap<string, RecordedOutput>;
  readonly #isForeign: (name: string) => boolean;
  readonly #folders = new Set<string>();

  constructor(
    run: StageRun,
    sound: ReadonlyMap<string, RecordedOutput>,
    isForeign: (name: string) => boolean = () => true,
  ) {
    this.#run = run;
    this.#sound = sound;
    this.#isForeign = isForeign;
  }

  get fileSystem(): FileSystem {
    return this.#run.fileSystem ?? nodeFileSystem;
  }

  /** For a {@link DraftFile}: its folder is synced when all outputs are there. */
  get publishing(): PublishFileOptions {
    return { fileSystem: this.fileSystem, signal: this.#run.signal, syncFolder: false };
  }

  /** @param name relative to DIR, with `/` */
  absolute(name: string): string {
    return path.join(this.#run.directory, name);
  }

  /**
   * `recorded`: there, unchanged since it was recorded, and counted among {@link all} by this call. `unrecorded`: there, to
   * be compared with what belongs there. `missing`: to be made; its folder is there when this returns.
   *
   * @param name relative to DIR, with `/`
   */
  async state(name: string): Promise<'recorded' | 'unrecorded' | 'missing'> {
    const recorded = this.#sound.get(name);
    if (recorded !== undefined) {
      this.all.push(recorded);
      return 'recorded';
    }
    await this.#prepareFolder(path.dirname(this.absolute(name)));
    return (await this.fileSystem.stat(this.absolute(name))) === undefined ? 'missing' : 'unrecorded';
  }

  async #prepareFolder(folder: string): Promise<void> {
    if (this.#folders.has(folder)) return;
    this.#folders.add(folder);
    await makeDurableFolder(this.fileSystem, folder);
    await sweepSeldom(folder, this.fileSystem);
  }

  /** An output that was made now. */
  published(name: string, { outcome, bytes, sha256 }: PublishedFile): void {
    this.all.push({ path: name, bytes, sha256 });
    this.written ||= outcome === 'published';
  }

  /**
   * An output that was there without a record, and is what belongs there.
   *
   * @param own SHA-256 of what this stage writes: a file of these bytes is its own, of an attempt that was killed before it
   *   could be recorded
   */
  kept(name: string, facts: { bytes: number; sha256: string }, own?: string): void {
    const isForeign = facts.sha256 !== own && this.#isForeign(name);
    this.all.push({ path: name, ...facts, ...(isForeign && { kept: true }) });
  }

  /**
   * A file that is not what belongs there.
   *
   * @returns where it is to be moved out of the way when the work is through
   * @throws the error where it is not
   */
  async rejected(error: CheckpointError): Promise<void> {
    this.bad.push(error);
    if (this.#run.request.onBadCheckpoint !== 'recompute') await setAside(this.#run, [error]);
  }

  /** Names are durable when this returns, also those of files that were found: whoever linked one may have died before. */
  async syncFolders(): Promise<void> {
    for (const folder of this.#folders) await syncFolder(this.fileSystem, folder);
  }
}
