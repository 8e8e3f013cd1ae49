import { Context } from '@temporalio/activity';
import type * as z from 'zod';
import type { EmbedFileResult, VirnucproActivities } from '../contract/activities.ts';
import type { AttemptResult } from '../contract/activity-events.ts';
import { TimelineObserver } from '../report/index.ts';
import { recordTaskFailure } from '../run/task-failures.ts';
import * as schemas from '../schemas/contract.ts';
import { parse, type Defined } from '../schemas/parse.ts';
import { withHeartbeats } from './activity-scope.ts';
import { checkCompatibility } from './check-compatibility.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { embedFile } from './embed-file.ts';
import { toFailure } from './failure-mapping.ts';
import { finishRun } from './finish-run.ts';
import { AttemptObservation } from './observation.ts';
import type { ObservedScope } from './observed-scope.ts';
import { planRun } from './plan-run.ts';
import { saveCheckpoint } from './save-checkpoint.ts';
import { validateCheckpoint } from './validate-checkpoint.ts';

/**
 * Every activity of this package, for a worker of yours or ours: each checks its input, heartbeats from entry to exit and
 * throws ApplicationFailures of the types in `FailureType`.
 */
export function createActivities(dependencies: ActivityDependencies): VirnucproActivities {
  const timeline = new TimelineObserver((message) => Context.current().log.warn(message));
  const activity = wrapper({ ...dependencies, observers: [timeline, ...(dependencies.observers ?? [])] });
  return {
    checkCompatibility: activity('checkCompatibility', schemas.checkCompatibilityInputSchema, (input, scope) =>
      checkCompatibility(input, scope, dependencies),
    ),
    planRun: activity('planRun', schemas.planRunInputSchema, planRun),
    embedFile: activity(
      'embedFile',
      schemas.taskInputSchema,
      (input, scope) => embedFile(input, scope, dependencies),
      resultOfEmbedding,
    ),
    saveCheckpoint: activity('saveCheckpoint', schemas.saveCheckpointInputSchema, saveCheckpoint),
    validateCheckpoint: activity('validateCheckpoint', schemas.validateCheckpointInputSchema, validateCheckpoint),
    finishRun: activity('finishRun', schemas.finishRunInputSchema, (input, scope) =>
      finishRun(input, scope, dependencies, timeline),
    ),
  };
}

/** No segments: the checkpoint was there. */
function resultOfEmbedding({ segments }: EmbedFileResult): AttemptResult {
  return segments.length === 0 ? 'found' : 'embedded';
}

/** What all activities have in common: input checked at entry, heartbeats, observers, one mapping of errors to failures. */
function wrapper({ server, observers = [] }: ActivityDependencies) {
  return <Schema extends z.ZodType, Result>(
      name: string,
      schema: Schema,
      work: (input: Defined<z.output<Schema>>, scope: ObservedScope) => Promise<Result>,
      resultOf: (result: Result) => AttemptResult = () => 'completed',
    ): ((input: unknown) => Promise<Result>) =>
    async (raw) => {
      const { cancellationSignal } = Context.current();
      const observation = new AttemptObservation(observers, name, raw);
      try {
        const input = parse(schema, raw, `input of ${name}`);
        const result = await withHeartbeats(directoryOf(input), server, (scope) =>
          work(input, { ...scope, observation }),
        );
        observation.succeeded(resultOf(result));
        return result;
      } catch (error) {
        const failure = toFailure(error, cancellationSignal);
        observation.failed(failure);
        await rememberFailure(raw, failure);
        throw failure;
      }
    };
}

function directoryOf(input: unknown): string | undefined {
  return (input as { run?: { directory?: string } }).run?.directory;
}

/** A task that fails for good says why on disk, where finishRun finds it. A reason that cannot be written is not worth another error. */
async function rememberFailure(raw: unknown, failure: unknown): Promise<void> {
  const { run, plan, index } = (raw ?? {}) as { run?: { directory: string }; plan?: unknown; index?: unknown };
  const { nonRetryable, message } = failure as { nonRetryable?: boolean; message?: string };
  if (nonRetryable !== true || run === undefined || typeof plan !== 'string' || typeof index !== 'number') return;
  await recordTaskFailure(run.directory, plan, index, message ?? 'unknown').catch(() => {});
}
