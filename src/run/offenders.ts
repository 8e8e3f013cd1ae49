import type { Offender, RunFailure } from '../contract/outcome.ts';

/**
 * What kept a run from success: the files that its failure is about, then what else is missing on disk. Files in the run folder
 * are named by their path relative to it.
 */
export function offendersOf(
  directory: string,
  failure: Pick<RunFailure, 'offenders'> | undefined,
  onDisk: readonly Offender[],
): Offender[] {
  const first = (failure?.offenders ?? []).map(({ path, reason }) => ({ path: withinFolder(directory, path), reason }));
  const known = new Set(first.map(({ path }) => path));
  const all = [...first, ...onDisk.filter(({ path }) => !known.has(path))];
  return [...new Map(all.map((one) => [`${one.path}\n${one.reason}`, one])).values()];
}

function withinFolder(directory: string, path: string): string {
  return path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : path;
}
