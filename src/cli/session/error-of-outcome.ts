import type { RunOutcome } from '../../contract/outcome.ts';

/** `error` of a command's JSON document. */
export interface DocumentError {
  type: string;
  message: string;
}

/**
 * Why a workflow has not done its work.
 *
 * @param report that it has written, if any: there the message is not cut
 * @returns undefined if it has, or if its holes are told one by one
 */
export function errorOfOutcome(
  { outcome, failureType, message }: Pick<RunOutcome, 'outcome' | 'failureType' | 'message'>,
  report: { error?: { message: string } } | undefined,
): DocumentError | undefined {
  if (failureType === undefined && outcome !== 'cancelled' && outcome !== 'failed') return undefined;
  // One that was ended from outside, or has timed out, had no say in it.
  const type = failureType ?? (outcome === 'cancelled' ? 'Cancelled' : 'Terminated');
  return { type, message: report?.error?.message ?? message };
}
