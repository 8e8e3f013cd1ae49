import { readFile } from 'node:fs/promises';
import type { Finding } from './finding.ts';

/** A worker with all its slots taken has some hundred files and connections open. */
const NEEDED_FILES = 1024;
/** Threads count: those of Node, of Temporal's core, of checkpoints, and of torch, one per processor each. */
const NEEDED_PROCESSES = 512;

/** What the system lets this process have; undefined: no limit, or not known. */
export interface ResourceLimits {
  openFiles?: number;
  processes?: number;
}

/** Reads the limits of this process and those of its control group. */
export async function resourceLimits(read: (path: string) => Promise<string> = readText): Promise<ResourceLimits> {
  const limits = await read('/proc/self/limits').catch(() => '');
  const group = await read('/sys/fs/cgroup/pids.max').catch(() => '');
  const processes = [softLimit(limits, 'Max processes'), numberIn(group.trim())].filter((one) => one !== undefined);
  const openFiles = softLimit(limits, 'Max open files');
  return {
    ...(openFiles === undefined ? {} : { openFiles }),
    ...(processes.length === 0 ? {} : { processes: Math.min(...processes) }),
  };
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8');
}

/** A line of /proc/self/limits: name, soft limit, hard limit, unit. Node has raised its soft limits already. */
function softLimit(table: string, name: string): number | undefined {
  const line = table.split('\n').find((one) => one.startsWith(name));
  return numberIn(line?.slice(name.length).trim().split(/\s+/u)[0] ?? '');
}

function numberIn(text: string): number | undefined {
  return /^\d+$/u.test(text) ? Number(text) : undefined;
}

export function judgeLimits({ openFiles, processes }: ResourceLimits): Finding[] {
  const check = 'limits';
  const findings: Finding[] = [];
  if (openFiles !== undefined && openFiles < NEEDED_FILES) {
    const message = `${openFiles} open files at most: a worker may need ${NEEDED_FILES} (EMFILE)`;
    const todo = `ulimit -n ${NEEDED_FILES} before the command; LimitNOFILE= with systemd; --ulimit nofile= with containers`;
    findings.push({ check, status: 'warning', message, todo });
  }
  if (processes !== undefined && processes < NEEDED_PROCESSES) {
    const message = `${processes} processes and threads at most: a worker with a model may need ${NEEDED_PROCESSES}`;
    const todo = `ulimit -u ${NEEDED_PROCESSES}; TasksMax= with systemd; --pids-limit with containers`;
    findings.push({ check, status: 'warning', message, todo });
  }
  if (findings.length > 0) return findings;
  const counts = [countOf(openFiles, 'open files'), countOf(processes, 'processes and threads')];
  return [{ check, status: 'ok', message: counts.join(', ') }];
}

function countOf(limit: number | undefined, what: string): string {
  return limit === undefined ? `any number of ${what}` : `${limit.toLocaleString('en-US')} ${what}`;
}
