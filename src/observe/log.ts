import { hostname } from 'node:os';
import type { Logger as SdkLogger, LogLevel, LogMetadata } from '@temporalio/common';
import { pino, type DestinationStream, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { defaultLogFormat, type LogFormat } from './log-format.ts';

export interface LogOptions {
  format: LogFormat;
  /** Part of each line. */
  fields?: Readonly<Record<string, string>>;
  /** @default stderr */
  destination?: DestinationStream;
}

/** The log of a worker process: `level`, `time` (ISO 8601, UTC), `pid`, `host`, `msg` and the fields of docs/metrics.md. */
export function createLog({ format, fields = {}, destination }: LogOptions): Logger {
  const options = {
    base: { pid: process.pid, host: hostname(), ...fields },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describeError },
    formatters: { level: (level: string) => ({ level }) },
  };
  // Written at once: the last line before a process dies says why.
  const output = destination ?? pino.destination({ fd: process.stderr.fd, sync: true });
  return pino(options, format === 'json' ? output : prettyOutput(output));
}

function prettyOutput(output: DestinationStream): DestinationStream {
  const pretty = prettyFactory({
    colorize: defaultLogFormat(process.stderr) === 'pretty',
    translateTime: 'SYS:HH:MM:ss',
    hideObject: true,
    ignore: 'pid,host',
    messageFormat: (line) => forPeople(line),
  });
  return { write: (line) => output.write(pretty(line)) };
}

interface LogLine extends LogMetadata {
  msg?: string;
  err?: { message?: string };
}

/** What a person needs of a line: the fields that tell which task it is about, and why something failed. */
function forPeople({ msg = '', err, gpu, embedder, activity, task, workflowId }: LogLine): string {
  const about = [gpu && `GPU ${String(gpu)}`, workflowId, activity, task ?? embedder].filter(Boolean).join(' ');
  const cause = err?.message === undefined ? '' : `: ${err.message}`;
  return `${msg}${about === '' ? '' : ` [${about}]`}${cause}`;
}

/** Names that the SDK gives what it knows of a line, and ours; what says nothing to a reader is left out. */
const NAMES: Readonly<Record<string, string | undefined>> = {
  taskQueue: 'queue',
  activityType: 'activity',
  runId: 'workflowRunId',
  taskToken: undefined,
  isLocal: undefined,
};

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/**
 * Lets the SDK, and through it workflows and activities, log with pino.
 *
 * ```ts
 * Runtime.install({ logger: sdkLogger(pino()) });
 * ```
 */
export function sdkLogger(log: Logger): SdkLogger {
  const write = (level: LogLevel, message: string, meta: LogMetadata = {}) => {
    if (log.isLevelEnabled(LEVELS[level])) log[LEVELS[level]](fieldsOf(meta), message);
  };
  return {
    log: write,
    trace: (message, meta) => write('TRACE', message, meta),
    debug: (message, meta) => write('DEBUG', message, meta),
    info: (message, meta) => write('INFO', message, meta),
    warn: (message, meta) => write('WARN', message, meta),
    error: (message, meta) => write('ERROR', message, meta),
  };
}

function fieldsOf(meta: LogMetadata): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(meta)) {
    if (value instanceof Error) fields['err'] = value;
    else if (!(key in NAMES)) fields[key] = value;
    else if (NAMES[key] !== undefined) fields[NAMES[key]] = value;
  }
  return fields;
}

/** @returns `type` is the failure type where there is one */
function describeError(error: Error): Record<string, unknown> {
  const { name, message, stack, type = name } = error as Error & { type?: string };
  return { type, message, stack };
}
