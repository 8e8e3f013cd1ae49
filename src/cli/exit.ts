import { outcomeOfFailure, EXIT_CODES } from '../contract/outcome.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';

/** Exit codes that are no outcome of a run. */
export const EXIT_SIGINT = 130;
export const EXIT_SIGTERM = 143;
export const EXIT_FAILURE = 1;
/** A worker whose device is lost: to be started again only when the device is mended. */
export const EXIT_DEVICE_LOST = 86;

/** 3 where the error is about a checkpoint, otherwise 1. */
export function exitCodeOf(error: unknown): number {
  return error instanceof VirnucproError ? EXIT_CODES[outcomeOfFailure(error.type)] : EXIT_FAILURE;
}

/** What the user is told of an error; a stack trace only where it is a bug of ours. */
export function messageOf(error: unknown): string {
  if (error instanceof VirnucproError) return error.message;
  const { code, message, stack } = error as NodeJS.ErrnoException;
  if (!(error instanceof Error)) return String(error);
  return code === undefined && process.env['VIRNUCPRO_DEBUG'] !== undefined ? (stack ?? message) : message;
}

/** `type` of an error in JSON output. */
export function typeOf(error: unknown): string {
  return error instanceof VirnucproError ? error.type : ((error as Error | undefined)?.name ?? 'Error');
}
