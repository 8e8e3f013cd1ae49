import type { FailureType } from './failure-types.ts';

/**
 * Error of the domain that already knows its failure type. The activity boundary turns it into an ApplicationFailure of
 * that type; the command prints its message.
 */
export class VirnucproError extends Error {
  override readonly name = 'VirnucproError';
  readonly type: FailureType;

  constructor(type: FailureType, message: string, options?: ErrorOptions) {
    super(message, options);
    this.type = type;
  }
}
