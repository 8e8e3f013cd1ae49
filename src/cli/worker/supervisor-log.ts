import { createLog, type LogFormat } from '../../observe/index.ts';

/** Where a supervisor and its processes write. */
export interface SupervisorLog {
  /** @param gpu that the line is about */
  say(line: string, gpu?: string): void;
  /** A line that the process of a GPU has printed. */
  relay(line: string, gpu: string): void;
}

/**
 * For people, each line about one GPU begins with its name. As JSON, lines of the processes go through as they are, which
 * name their GPU themselves, and what is none, e.g. the last words of a crash, becomes one.
 *
 * @param write takes a line without its end; by default it goes to stderr
 */
export function supervisorLog(format: LogFormat, write: (line: string) => void = writeLine): SupervisorLog {
  if (format === 'pretty') {
    const say = (line: string, gpu?: string) => write(gpu === undefined ? line : `GPU ${gpu}: ${line}`);
    return { say, relay: say };
  }
  const log = createLog({ format, destination: { write: (line) => write(line.trimEnd()) } });
  const say = (line: string, gpu?: string) => log.info(gpu === undefined ? {} : { gpu }, line);
  return { say, relay: (line, gpu) => (isObject(line) ? write(line) : log.warn({ gpu }, line)) };
}

function writeLine(line: string): void {
  process.stderr.write(`${line}\n`);
}

function isObject(line: string): boolean {
  if (!line.startsWith('{')) return false;
  try {
    return typeof JSON.parse(line) === 'object';
  } catch {
    return false;
  }
}
