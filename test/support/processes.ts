import { readdirSync, readFileSync } from 'node:fs';

/** A process and the command line it was started with. */
export interface FoundProcess {
  pid: number;
  command: string;
}

/**
 * The processes that a command has started, and itself: all that have inherited its XDG_STATE_HOME, whatever their session
 * or parent. Reads /proc, so it works on Linux only.
 */
export function processesOf(stateHome: string): FoundProcess[] {
  const mark = `XDG_STATE_HOME=${stateHome}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .filter((pid) => read(pid, 'environ').split('\0').includes(mark))
    .filter((pid) => !/^State:\s+[ZX]/mu.test(read(pid, 'status')))
    .map((pid) => ({ pid: Number(pid), command: read(pid, 'cmdline').replaceAll('\0', ' ').trim() }));
}

/** Processes go at any moment. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** The worker processes among them. */
export function workersOf(stateHome: string): FoundProcess[] {
  return processesOf(stateHome).filter(({ command }) => / worker --role /u.test(command));
}

/** The Temporal servers among them. */
export function serversOf(stateHome: string): FoundProcess[] {
  return processesOf(stateHome).filter(({ command }) => command.includes('server start-dev'));
}

/** Ends what a failed test has left. */
export function endAll(stateHome: string): void {
  for (const { pid } of processesOf(stateHome)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended by itself
    }
  }
}
