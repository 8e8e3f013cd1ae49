import { ApplicationFailure, CancellationScope, isCancellation, TemporalFailure } from '@temporalio/workflow';
import { DEFAULT_HEARTBEAT_TIMEOUT_MS } from '../contract/activity-options.ts';
import { FailureType } from '../contract/failure-types.ts';
import type { RunFailure } from '../contract/outcome.ts';
import { applicationFailure } from './embed-task.ts';

/** Longest message of the failure that ends a run; the whole story is in report.json. */
export const MAX_MESSAGE_LENGTH = 512;

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

/** How a run ended that has not done its work. */
interface EarlyEnd {
  failure?: RunFailure;
  cancelled?: boolean;
}

/**
 * Ends a run that threw: its report is written in every case, after a cancellation too; where even that fails, the first
 * cause is told.
 *
 * @param endedEarly as of {@link runFailure}
 * @param unfinished the outcome that is told where `finish` fails
 */
export async function finishAfter<Outcome>(
  error: unknown,
  endedEarly: string,
  finish: (end: EarlyEnd) => Promise<Outcome>,
  unfinished: (failure: RunFailure) => Outcome,
): Promise<Outcome> {
  const cancelled = isCancellation(error);
  const failure = runFailure(error, endedEarly);
  try {
    return await CancellationScope.nonCancellable(() => finish(cancelled ? { cancelled } : { failure }));
  } catch {
    return unfinished(failure);
  }
}

/** The failure that tells an outcome to whoever waits for the workflow. */
export function failureOf(outcome: { message: string; failureType?: string }): ApplicationFailure {
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
