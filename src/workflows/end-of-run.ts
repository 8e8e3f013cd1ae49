import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  ContinueAsNew,
  isCancellation,
  TemporalFailure,
} from '@temporalio/workflow';
import { DEFAULT_HEARTBEAT_TIMEOUT_MS } from '../contract/activity-options.ts';
import { FailureType } from '../contract/failure-types.ts';
import { EXIT_CODES, outcomeOfFailure, type RunFailure, type RunOutcome } from '../contract/outcome.ts';
import { applicationFailure } from './embed-task.ts';

/** Longest message of the failure that ends a run; the whole story is in report.json. */
const MAX_MESSAGE_LENGTH = 512;

/**
 * Why a run ends, from what was thrown.
 *
 * @param endedEarly begins the message of a failure that is not ours: what has ended early
 * @throws `error` itself where it is no failure but a bug: thrown on, it fails the workflow task and leaves the run open for
 *   a fix
 */
function runFailure(error: unknown, endedEarly: string): RunFailure {
  const failure = applicationFailure(error);
  if (failure !== undefined) {
    const offenders = (failure.details?.[0] as { offenders?: RunFailure['offenders'] } | undefined)?.offenders;
    const type = failure.type ?? FailureType.RunInvalidInput;
    return { type, message: failure.message, ...(Array.isArray(offenders) ? { offenders } : {}) };
  }
  if (!(error instanceof TemporalFailure)) throw error;
  return { type: FailureType.EmbeddingEmbedder, message: `${endedEarly}: ${error.message}` };
}

/** What outcomes of all workflows have in common, as far as it is needed here. */
type ToldOutcome = Pick<RunOutcome, 'outcome' | 'message' | 'failureType'>;

/** How a run ended that has not done its work. */
interface EarlyEnd {
  failure?: RunFailure;
  cancelled?: boolean;
}

/** What every workflow that ends with an outcome consists of. */
interface Course<Told> {
  work(): Promise<void>;
  /** Counts what is on disk and writes the report. */
  finish(end: EarlyEnd): Promise<Told>;
  /** As of {@link runFailure}. */
  endedEarly: string;
  /** What is told where `finish` fails after `work` has. */
  unfinished(failure: RunFailure): Told;
}

/**
 * Works, finishes and tells the outcome. The report is written in every case, after a cancellation too; where even that
 * fails, the first cause is told.
 *
 * @returns the outcome `success` or `partial`
 * @throws ApplicationFailure with any other outcome; the cancellation; ContinueAsNew
 */
export async function runToEnd<Told extends ToldOutcome>(course: Course<Told>): Promise<Told> {
  let outcome: Told;
  try {
    await course.work();
    outcome = await course.finish({});
  } catch (thrown) {
    const error = notLost(thrown);
    if (error instanceof ContinueAsNew) throw error;
    outcome = await finishAfter(error, course);
    if (isCancellation(error)) throw error;
  }
  if (outcome.outcome === 'success' || outcome.outcome === 'partial') return outcome;
  throw failureOf(outcome);
}

/**
 * A cancellation that came while the last activity ended normally: nothing else in this execution would throw it, and the next
 * one would not know of it.
 */
function notLost(thrown: unknown): unknown {
  const isLost = thrown instanceof ContinueAsNew && CancellationScope.current().consideredCancelled;
  return isLost ? new CancelledFailure('cancelled before it continued as new') : thrown;
}

async function finishAfter<Told>(error: unknown, course: Course<Told>): Promise<Told> {
  const cancelled = isCancellation(error);
  const failure = runFailure(error, course.endedEarly);
  try {
    return await CancellationScope.nonCancellable(() => course.finish(cancelled ? { cancelled } : { failure }));
  } catch {
    return course.unfinished(failure);
  }
}

/** What a failure alone says of an outcome. */
export function toldOfFailure({ type, message, offenders = [] }: RunFailure) {
  const outcome = outcomeOfFailure(type);
  return {
    schema: 1,
    outcome,
    exitCode: EXIT_CODES[outcome],
    failureType: type,
    message: message.slice(0, MAX_MESSAGE_LENGTH),
    // One as long as it may be leaves the outcome within its 2 KiB.
    offenders: offenders.slice(0, 1),
    report: '',
  } satisfies Partial<RunOutcome>;
}

/** The failure that tells an outcome to whoever waits for the workflow. */
function failureOf(outcome: ToldOutcome): ApplicationFailure {
  return ApplicationFailure.create({
    message: outcome.message.slice(0, MAX_MESSAGE_LENGTH),
    type: outcome.failureType ?? FailureType.RunInvalidInput,
    nonRetryable: true,
    details: [outcome],
  });
}

/** The input is not validated yet: anything odd gets the default. */
export function heartbeatTimeoutOf(input: { tuning?: { heartbeatTimeoutMs?: number } } | null | undefined): number {
  const asked = input?.tuning?.heartbeatTimeoutMs;
  return typeof asked === 'number' && asked >= 1000 && asked <= 3_600_000 ? asked : DEFAULT_HEARTBEAT_TIMEOUT_MS;
}
