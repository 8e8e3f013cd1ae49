import type { WorkerOptions } from '@temporalio/worker';
import { logFieldsOf } from '../activities/log-fields.ts';

/** Options of a Worker whose log lines about activities, the SDK's own too, say which run, task and embedder they are about. */
export function withLogFields(options: Partial<WorkerOptions> = {}): Partial<WorkerOptions> {
  const { interceptors = {} } = options;
  const activity: NonNullable<NonNullable<WorkerOptions['interceptors']>['activity']> = [
    ...(interceptors.activity ?? []),
    (context) => ({
      outbound: { getLogAttributes: (input, next) => next({ ...input, ...logFieldsOf(context) }) },
    }),
  ];
  return { ...options, interceptors: { ...interceptors, activity } };
}
