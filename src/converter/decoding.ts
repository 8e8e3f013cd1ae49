import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';

/** Errors of Temporal's client that say something about the server or the workflow, not about a payload. */
const NOT_ABOUT_PAYLOADS: ReadonlySet<string> = new Set([
  'AbortError',
  'QueryNotRegisteredError',
  'QueryRejectedError',
  'ServiceError',
  'WorkflowContinuedAsNewError',
  'WorkflowExecutionAlreadyStartedError',
  'WorkflowFailedError',
  'WorkflowNotFoundError',
]);

/**
 * Runs a call that decodes payloads.
 *
 * @param what is read, for the message
 * @throws VirnucproError `RunError.InvalidInput` if a payload cannot be decoded; otherwise what the call throws
 */
export async function decoding<T>(what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw isAboutPayloads(error) ? undecodable(what, error) : error;
  }
}

/** A gRPC error has a number as its code. */
function isAboutPayloads(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof VirnucproError) return false;
  return !NOT_ABOUT_PAYLOADS.has(error.name) && typeof (error as { code?: unknown }).code !== 'number';
}

function undecodable(what: string, error: unknown): VirnucproError {
  return new VirnucproError(
    FailureType.RunInvalidInput,
    `${what} cannot be decoded here: ${(error as Error).message}; give the data converter that its clients and workers use, with the same keys (--data-converter MODULE, VIRNUCPRO_DATA_CONVERTER, or the option dataConverter)`,
    { cause: error },
  );
}
