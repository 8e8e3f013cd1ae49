import { setMaxListeners } from 'node:events';
import * as path from 'node:path';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { EmbedderDescription } from '../embedders/types.ts';
import { assertDistinctOutputs, outputName, scanFile, type FilePart } from '../sequences/index.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import type { CheckedInput, CheckedRequest } from './checked-request.ts';
import { ExistingJudge } from './judge-existing.ts';
import { mapLimited } from './limited.ts';
import type { OnValidated } from './observed-validation.ts';
import type { Plan, PlannedTask, TaskState } from './plan.ts';

/** Inputs planned side by side: enough for the validation threads to get many small checkpoints at a time. */
const INPUTS_AT_ONCE = 32;

/** A plan, and the checkpoints that have to be moved out of the way before its tasks may start. */
export interface DraftedPlan {
  plan: Plan;
  /** Relative to DIR. */
  inTheWay: string[];
}

interface Draft {
  task: PlannedTask;
  inTheWay: boolean;
}

const STATE_ORDER: readonly TaskState[] = ['pending', 'found', 'skipped', 'bad'];

/**
 * Cuts every input into tasks and judges every checkpoint that is there. Writes nothing: `--dry-run` runs it too.
 *
 * @throws VirnucproError `RunError.InvalidInput` if two tasks have one output name, an input changed or holds nothing
 */
export async function draftPlan(
  directory: string,
  runId: string,
  request: CheckedRequest,
  signal: AbortSignal,
  onValidated?: OnValidated,
): Promise<DraftedPlan> {
  assertDistinctOutputs(plannedOutputs(request));
  // Every file that is read or validated listens to the signal, many at a time.
  setMaxListeners(0, signal);
  const judge = new ExistingJudge(directory, { ...request, signal, onValidated });
  const drafts = await mapLimited(request.inputs, INPUTS_AT_ONCE, (input) =>
    draftInput(directory, request, input, judge, signal),
  );
  const ordered = drafts.flat().toSorted(byStateAndEmbedder(request));
  return {
    plan: { header: headerOf(runId, request), tasks: ordered.map(({ task }) => task) },
    inTheWay: ordered
      .filter((draft) => draft.inTheWay && draft.task.state === 'pending')
      .map(({ task }) => task.checkpoint),
  };
}

function* plannedOutputs(request: CheckedRequest) {
  for (const input of request.inputs) {
    const file = path.join(request.inputRoot, input.path);
    for (const { checkpoint } of cellsOf(request, input)) yield { name: checkpoint, input: file };
  }
}

async function draftInput(
  directory: string,
  request: CheckedRequest,
  input: CheckedInput,
  existing: ExistingJudge,
  signal: AbortSignal,
): Promise<Draft[]> {
  const cells = cellsOf(request, input);
  if (!(await anyExists(directory, cells)))
    return cells.map((cell) => ({ task: { ...MISSING, ...cell }, inTheWay: false }));
  const judge = (part: FilePart, checkpoint: string, description: EmbedderDescription) => {
    const source = input.parts.length > 1 ? `${input.path}, part ${part.number}` : input.path;
    const expect = { kind: description.kind, dim: description.dim, ids: part.ids, source };
    return existing.judge(checkpoint, expect);
  };
  const drafts: Draft[] = [];
  // The ids that a checkpoint must hold are in the input, which is read once however many parts it has.
  const summary = await scanFile(path.join(request.inputRoot, input.path), {
    chunkLength: request.chunkLength ?? undefined,
    sequencesPerFile: request.sequencesPerFile,
    signal,
    onPart: async (part) => {
      for (const [at, description] of request.descriptions.entries()) {
        const cell = cells[(part.number - 1) * request.descriptions.length + at];
        if (cell === undefined) throw changedInput(request, input);
        const { inTheWay, ...verdict } = await judge(part, cell.checkpoint, description);
        drafts.push({ task: { ...verdict, ...cell }, inTheWay });
      }
    },
  });
  if (summary.sha256 !== input.sha256) throw changedInput(request, input);
  return drafts;
}

const MISSING = { state: 'pending', reason: 'missing' } as const;

/** A task before it is known what is there. */
type Cell = Omit<PlannedTask, 'state' | 'reason' | 'detail'>;

/** The tasks of an input: part by part, and embedder by embedder within a part. */
function cellsOf({ descriptions }: CheckedRequest, input: CheckedInput): Cell[] {
  const { path: file, sha256, gzip, parts, stem } = input;
  return parts.flatMap((part) =>
    descriptions.map(({ name, suffix }) => ({
      embedder: name,
      input: file,
      inputSha256: sha256,
      gzip,
      part,
      checkpoint: outputName(stem, parts.length > 1 ? part.number : undefined, suffix),
    })),
  );
}

/** Opened by exact name, never looked for in a listing, which lags on NFS. */
async function anyExists(directory: string, cells: readonly Cell[]): Promise<boolean> {
  for (const { checkpoint } of cells) {
    if ((await nodeFileSystem.stat(path.join(directory, checkpoint))) !== undefined) return true;
  }
  return false;
}

function changedInput({ inputRoot }: CheckedRequest, input: CheckedInput): VirnucproError {
  const message = `${path.join(inputRoot, input.path)}: the input changed while the run was being planned; start again when it is complete`;
  return new VirnucproError(FailureType.RunInvalidInput, message);
}

/** Pending tasks come first and by embedder, so that a range of them is two numbers. */
function byStateAndEmbedder({ descriptions }: CheckedRequest): (a: Draft, b: Draft) => number {
  const embedders = new Map(descriptions.map(({ name }, at) => [name, at]));
  const rank = ({ task }: Draft) =>
    STATE_ORDER.indexOf(task.state) * descriptions.length + (embedders.get(task.embedder) ?? 0);
  return (a, b) => rank(a) - rank(b);
}

function headerOf(runId: string, request: CheckedRequest): Plan['header'] {
  const { inputRoot, chunkLength, sequencesPerFile, batchSize, absent, notes } = request;
  return {
    schema: 1,
    runId,
    inputRoot,
    chunkLength,
    sequencesPerFile,
    batchSize,
    skipCheckpointValidation: request.skipCheckpointValidation,
    onBadSequence: request.onBadSequence,
    absent,
    notes,
    embedders: request.descriptions.map((description, at) => ({
      description,
      options: request.embedders[at]!.options,
      taskQueue: request.embedders[at]!.taskQueue,
    })),
  };
}
