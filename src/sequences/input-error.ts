import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';

/** A `RunError.InvalidInput`: the input has to be changed by a person, no retry helps. */
export function inputError(message: string, options?: ErrorOptions): VirnucproError {
  return new VirnucproError(FailureType.RunInvalidInput, message, options);
}
