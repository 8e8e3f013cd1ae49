import { join } from 'node:path';
import type {
  CheckCompatibilityResult,
  EmbedFileResult,
  SaveCheckpointInput,
  TaskInput,
} from '../../src/contract/activities.ts';
import type { PlanSummary } from '../../src/contract/run-request.ts';
import type { ActivityProcess } from '../support/activity-process.ts';
import { makeInputs } from '../support/run-folder.ts';

export const RECORDS = 24;
/** Three batches a file: attempts resume in the middle of one. */
export const BATCH = 8;
/** Longer than Node's timers are coarse, so that kills hit batches that are being computed. */
const DELAY_MS = 2;

/** A run folder with a plan, whose tasks are run by processes of ours. */
export interface ActivityRun {
  readonly out: string;
  /** What the fake embedder embedded. */
  readonly log: string;
  readonly files: number;
  readonly plan: PlanSummary;
  task(index: number): TaskInput;
  saving(index: number, rows: EmbedFileResult): SaveCheckpointInput;
  finish(process: ActivityProcess): Promise<unknown>;
}

/** Where the run folder of {@link prepareRun} will be. */
export function runFolder(folder: string): string {
  return join(folder, 'out');
}

/** Makes inputs, `files` of {@link RECORDS} records, and plans a run of them, all with the real activities. */
export async function prepareRun(folder: string, files: number, process: ActivityProcess): Promise<ActivityRun> {
  const out = runFolder(folder);
  const log = join(folder, 'fake.log');
  const options = { log, delayMs: String(DELAY_MS) };
  const request = {
    contract: 1,
    directory: out,
    inputs: [makeInputs(folder, files, RECORDS)],
    embedders: [{ name: 'fake', options }],
    batchSize: BATCH,
  };
  const checked = (await process.must({
    activity: 'checkCompatibility',
    input: { contract: 1, request },
  })) as CheckCompatibilityResult;
  const { run, requestDigest } = checked;
  const plan = (await process.must({ activity: 'planRun', input: { contract: 1, run, requestDigest } })) as PlanSummary;
  const task = (index: number): TaskInput => ({ contract: 1, run, plan: plan.plan, index });
  const ending = { contract: 1, run, plan, taskFailures: [], startedAt: new Date().toISOString() };
  return {
    out,
    log,
    files,
    plan,
    task,
    saving: (index, rows) => ({ ...task(index), rows }),
    finish: (finisher) => finisher.must({ activity: 'finishRun', input: ending }),
  };
}

/** Name of the checkpoint and of the input of a task. */
export function namesOf(index: number): { input: string; checkpoint: string } {
  const stem = `s${String(index).padStart(2, '0')}`;
  return { input: `${stem}.fa`, checkpoint: `${stem}_FAKE.pt` };
}
