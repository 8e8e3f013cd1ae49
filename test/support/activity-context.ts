import { asyncLocalStorage, type Context } from '@temporalio/activity';

/** What a test decides of the attempt that its code runs in. */
export interface AttemptOptions {
  info?: object;
  cancellation?: AbortController;
  /** Takes what the activity logs as a warning. */
  warnings?: string[];
}

const INFO = {
  activityId: '7',
  attempt: 1,
  taskQueue: 'virnucpro',
  workflowType: 'embeddingRun',
  workflowExecution: { workflowId: 'virnucpro-0123456789ab', runId: 'execution-1' },
  heartbeatTimeoutMs: 15_000,
  scheduledTimestampMs: Date.UTC(2030, 0, 1),
};

/** Runs `work` as an activity sees its worker; no server is behind it. */
export function asActivity<T>(work: () => Promise<T>, options: AttemptOptions = {}): Promise<T> {
  const { info, cancellation = new AbortController(), warnings = [] } = options;
  const context = {
    info: { ...INFO, ...info },
    cancellationSignal: cancellation.signal,
    heartbeat: () => {},
    log: { info: () => {}, warn: (message: string) => warnings.push(message) },
    client: { workflowService: { describeNamespace: () => Promise.resolve({}) } },
  };
  return asyncLocalStorage.run(context as unknown as Context, work);
}
