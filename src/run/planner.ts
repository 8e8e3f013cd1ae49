import * as path from 'node:path';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { EmbedderDescription } from '../embedders/types.ts';
import { assertDistinctOutputs, outputName, scanFile, type FilePart } from '../sequences/index.ts';
import type { CheckedInput, CheckedRequest } from './checked-request.ts';
import { judgeExisting } from './judge-existing.ts';
import { mapLimited } from './limited.ts';
import type { Plan, PlannedTask, TaskState } from './plan.ts';

/** Inputs planned side by side: enough to keep the validation threads busy while small files are opened. */
const INPUTS_AT_ONCE = 16;

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
): Promise<DraftedPlan> {
  assertDistinctOutputs(plannedOutputs(request));
  const drafts = await mapLimited(request.inputs, INPUTS_AT_ONCE, (input) =>
    draftInput(directory, request, input, signal),
  );
  const ordered = drafts.flat().toSorted(byStateAndEmbedder(request));
  return {
    plan: { header: headerOf(runId, request), tasks: ordered.map(({ task }) => task) },
    inTheWay: ordered
      .filter((draft) => draft.inTheWay && draft.task.state === 'pending')
      .map(({ task }) => task.checkpoint),
  };
}

function* plannedOutputs({ inputs, inputRoot, descriptions, sequencesPerFile }: CheckedRequest) {
  for (const input of inputs) {
    const parts = Math.ceil(input.windows / sequencesPerFile);
    for (const { suffix } of descriptions) {
      for (let part = 1; part <= parts; part++) {
        const name = outputName(input.stem, parts > 1 ? part : undefined, suffix);
        yield { name, input: path.join(inputRoot, input.path) };
      }
    }
  }
}

async function draftInput(
  directory: string,
  request: CheckedRequest,
  input: CheckedInput,
  signal: AbortSignal,
): Promise<Draft[]> {
  const drafts: Draft[] = [];
  const file = path.join(request.inputRoot, input.path);
  const split = input.windows > request.sequencesPerFile;
  const summary = await scanFile(file, {
    chunkLength: request.chunkLength ?? undefined,
    sequencesPerFile: request.sequencesPerFile,
    signal,
    onPart: async (part) => {
      for (const description of request.descriptions) {
        drafts.push(await draftTask(directory, request, input, { part, split }, description, signal));
      }
    },
  });
  if (summary.sha256 !== input.sha256) {
    const message = `${file}: the input changed while the run was being planned; start again when it is complete`;
    throw new VirnucproError(FailureType.RunInvalidInput, message);
  }
  return drafts;
}

async function draftTask(
  directory: string,
  request: CheckedRequest,
  input: CheckedInput,
  { part, split }: { part: FilePart; split: boolean },
  description: EmbedderDescription,
  signal: AbortSignal,
): Promise<Draft> {
  const checkpoint = outputName(input.stem, split ? part.number : undefined, description.suffix);
  const source = split ? `${input.path}, part ${part.number}` : input.path;
  const expect = { kind: description.kind, dim: description.dim, ids: part.ids, source };
  const { inTheWay, ...verdict } = await judgeExisting(directory, checkpoint, expect, { ...request, signal });
  const { ids: _, ...location } = part;
  return {
    task: {
      ...verdict,
      embedder: description.name,
      input: input.path,
      inputSha256: input.sha256,
      gzip: input.gzip,
      part: location,
      checkpoint,
    },
    inTheWay,
  };
}

/** Pending tasks come first and by embedder, so that a range of them is two numbers. */
function byStateAndEmbedder({ descriptions }: CheckedRequest): (a: Draft, b: Draft) => number {
  const embedders = new Map(descriptions.map(({ name }, at) => [name, at]));
  const rank = ({ task }: Draft) =>
    STATE_ORDER.indexOf(task.state) * descriptions.length + (embedders.get(task.embedder) ?? 0);
  return (a, b) => rank(a) - rank(b);
}

function headerOf(runId: string, request: CheckedRequest): Plan['header'] {
  const { inputRoot, chunkLength, sequencesPerFile, batchSize, skipCheckpointValidation, absent, notes } = request;
  return {
    schema: 1,
    runId,
    inputRoot,
    chunkLength,
    sequencesPerFile,
    batchSize,
    skipCheckpointValidation,
    absent,
    notes,
    embedders: request.descriptions.map((description, at) => ({
      description,
      options: request.embedders[at]!.options,
      taskQueue: request.embedders[at]!.taskQueue,
    })),
  };
}
