import { Context } from '@temporalio/activity';
import type { Logger, LogMetadata } from '@temporalio/common';

/** What log lines of an attempt say beside what the SDK knows. */
export interface LogFields {
  /** UUID of run.json. */
  run?: string;
  /** Checkpoint that is being made, relative to the run folder. */
  task?: string;
  embedder?: string;
}

const FIELDS = new WeakMap<Context, LogFields>();

/** Lines of this attempt have these fields from now on, too. */
export function addLogFields(fields: LogFields): void {
  const context = Context.current();
  FIELDS.set(context, { ...FIELDS.get(context), ...fields });
}

/** For interceptors of a worker, so that lines of the SDK itself have them. */
export function logFieldsOf(context: Context): LogFields {
  return FIELDS.get(context) ?? {};
}

/** The log of the attempt at hand. */
export function activityLog(): Pick<Logger, 'info' | 'warn'> {
  const context = Context.current();
  const withFields = (meta: LogMetadata = {}): LogMetadata => ({ ...logFieldsOf(context), ...meta });
  return {
    info: (message, meta) => context.log.info(message, withFields(meta)),
    warn: (message, meta) => context.log.warn(message, withFields(meta)),
  };
}
