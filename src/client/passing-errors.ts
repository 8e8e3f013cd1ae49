import { isGrpcServiceError } from '@temporalio/client';

/** gRPC status codes of a server that is away, busy or being replaced; the others say that the question is wrong. */
const PASSING: ReadonlySet<number> = new Set([
  1, // CANCELLED: a connection was closed under a long poll
  2, // UNKNOWN
  4, // DEADLINE_EXCEEDED
  8, // RESOURCE_EXHAUSTED
  10, // ABORTED
  13, // INTERNAL
  14, // UNAVAILABLE
]);

/** Whether a later attempt may get an answer: Temporal's client wraps the errors of some calls. */
export function isPassing(error: unknown): boolean {
  const cause = isGrpcServiceError(error) ? error : (error as Error | undefined)?.cause;
  return isGrpcServiceError(cause) && PASSING.has(Number(cause.code));
}
