import type { FailureType } from './failure-types.ts';
import type { Offender } from './outcome.ts';

/**
 * Error of the domain that already knows its failure type. The activity boundary turns it into an ApplicationFailure of
 * that type; the command prints its message.
 */
export class VirnucproError extends Error {
  override readonly name = 'VirnucproError';
  readonly type: FailureType;
  /** No retry can cure it, though errors of this type usually pass: the tries are used up. */
  readonly final: boolean;
  /** Files that the message is about, as outcomes list them. */
  readonly offenders: readonly Offender[];

  constructor(
    type: FailureType,
    message: string,
    options?: ErrorOptions & { final?: boolean; offenders?: readonly Offender[] },
  ) {
    super(message, options);
    this.type = type;
    this.final = options?.final ?? false;
    this.offenders = options?.offenders ?? [];
  }
}
