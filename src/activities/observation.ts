import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type {
  ActivityEvent,
  ActivityEventBody,
  ActivityObserver,
  AttemptEnded,
  AttemptResult,
  ObservedAttempt,
  ObservedTask,
} from '../contract/activity-events.ts';
import { FailureType } from '../contract/failure-types.ts';
import type { RunReference } from '../contract/run-request.ts';
import { activityLog, addLogFields } from './log-fields.ts';
import type { LoadedTask } from './task.ts';

/** Where the code of an activity tells what it does; see `ActivityEvent`. */
export interface Observation {
  /** Events say from now on which task they are about. */
  about(task: LoadedTask): void;
  tell(event: ActivityEventBody): void;
}

/** For activities that nobody observes. */
export const UNOBSERVED: Observation = { about: () => {}, tell: () => {} };

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** One attempt, as its observers see it. */
export class AttemptObservation implements Observation {
  readonly #observers: readonly ActivityObserver[];
  readonly #attempt: Writable<ObservedAttempt>;
  readonly #begunAt = performance.now();

  /** @param raw input of the activity, not checked yet */
  constructor(observers: readonly ActivityObserver[], activity: string, raw: unknown) {
    const { activityId, attempt, taskQueue, workflowExecution } = Context.current().info;
    const run = runOf(raw);
    this.#observers = observers;
    this.#attempt = {
      activity,
      activityId,
      attempt,
      taskQueue,
      workflowId: workflowExecution?.workflowId ?? '',
      workflowRunId: workflowExecution?.runId ?? '',
      ...(run && { run }),
    };
    if (run !== undefined) addLogFields({ run: run.runId });
    this.tell({ type: 'attempt-begun' });
  }

  about({ reference, inputFile, task, shape }: LoadedTask): void {
    const { checkpoint, embedder } = task;
    const about: ObservedTask = { ...reference, checkpoint, input: inputFile, embedder, rows: shape.rows };
    this.#attempt.task = about;
    addLogFields({ task: checkpoint, embedder });
  }

  tell(body: ActivityEventBody): void {
    const event = { ...body, at: Date.now(), attempt: this.#attempt } as ActivityEvent;
    for (const observer of this.#observers) {
      try {
        observer.observe(event);
      } catch (error) {
        complainOnce(observer, error);
      }
    }
  }

  succeeded(result: AttemptResult): void {
    this.#ended({ result });
  }

  /** @param failure as it goes to the server */
  failed(failure: unknown): void {
    this.#ended(endOf(failure));
  }

  #ended(end: Pick<AttemptEnded, 'result' | 'failureType' | 'message'>): void {
    this.tell({ type: 'attempt-ended', seconds: secondsSince(this.#begunAt), ...end });
  }
}

/** @param start of `performance.now()` */
export function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}

const COMPLAINED = new WeakSet<ActivityObserver>();

/** An observer that fails would fail on every batch; one line says so. */
function complainOnce(observer: ActivityObserver, error: unknown): void {
  if (COMPLAINED.has(observer)) return;
  COMPLAINED.add(observer);
  activityLog().warn('an observer of activities has thrown; what it observes is incomplete', { error });
}

function runOf(raw: unknown): RunReference | undefined {
  const { directory, runId } = (raw as { run?: Partial<RunReference> } | null | undefined)?.run ?? {};
  return typeof directory === 'string' && typeof runId === 'string' ? { directory, runId } : undefined;
}

const FAILURE_TYPES: ReadonlySet<string> = new Set(Object.values(FailureType));

function endOf(failure: unknown): Pick<AttemptEnded, 'result' | 'failureType' | 'message'> {
  if (failure instanceof CancelledFailure) return { result: 'cancelled' };
  const message = failure instanceof Error ? failure.message : String(failure);
  const type = failure instanceof ApplicationFailure ? failure.type : undefined;
  if (!isFailureType(type)) return { result: 'failed', message };
  return { result: resultOf(type), failureType: type, message };
}

function isFailureType(type: string | null | undefined): type is FailureType {
  return typeof type === 'string' && FAILURE_TYPES.has(type);
}

function resultOf(type: FailureType): AttemptResult {
  if (type === FailureType.EmbeddingDeviceLost) return 'lost-device';
  if (type !== FailureType.RunStaleAttempt) return 'failed';
  return Context.current().cancellationSignal.aborted && isHandOver() ? 'handed-back' : 'overtaken';
}

/** Reasons, as Temporal names them, for which an attempt ends that nobody else has taken the task from. */
const HAND_OVERS: ReadonlySet<string> = new Set(['WORKER_SHUTDOWN', 'PAUSED']);

function isHandOver(): boolean {
  const reason: unknown = Context.current().cancellationSignal.reason;
  return reason instanceof Error && HAND_OVERS.has(reason.message);
}
