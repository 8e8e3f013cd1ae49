import type { Offender, RunFailure } from '../contract/outcome.ts';

/**
 * What kept a run from success: the files that its failure is about, then what else is missing on disk. Files in the run folder
 * are named by their path relative to it, with the whole of a reason that was cut on its way here.
 */
export function offendersOf(
  directory: string,
  failure: Pick<RunFailure, 'offenders'> | undefined,
  onDisk: readonly Offender[],
): Offender[] {
  const first = (failure?.offenders ?? []).map((one) => {
    const path = withinFolder(directory, one.path);
    return onDisk.find((known) => known.path === path && known.reason.startsWith(one.reason)) ?? { ...one, path };
  });
  const known = new Set(first.map(({ path }) => path));
  const all = [...first, ...onDisk.filter(({ path }) => !known.has(path))];
  return [...new Map(all.map((one) => [`${one.path}\n${one.reason}`, one])).values()];
}

function withinFolder(directory: string, path: string): string {
  const folder = directory.endsWith('/') ? directory : `${directory}/`;
  return path.startsWith(folder) ? path.slice(folder.length) : path;
}
