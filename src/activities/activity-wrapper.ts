import { Context } from '@temporalio/activity';
import type * as z from 'zod';
import type { AttemptResult } from '../contract/activity-events.ts';
import { recordTaskFailure } from '../run/task-failures.ts';
import { parse, type Defined } from '../schemas/parse.ts';
import { withHeartbeats } from './activity-scope.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { toFailure } from './failure-mapping.ts';
import { AttemptObservation } from './observation.ts';
import type { ObservedScope } from './observed-scope.ts';

/** Makes an activity of the function that does its work. */
export type ActivityWrapper = <Schema extends z.ZodType, Result>(
  name: string,
  schema: Schema,
  work: (input: Defined<z.output<Schema>>, scope: ObservedScope) => Promise<Result>,
  resultOf?: (result: Result) => AttemptResult,
) => (input: unknown) => Promise<Result>;

/** What all activities have in common: input checked at entry, heartbeats, observers, one mapping of errors to failures. */
export function activityWrapper({ server, observers = [] }: ActivityDependencies): ActivityWrapper {
  return (name, schema, work, resultOf = () => 'completed') =>
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
