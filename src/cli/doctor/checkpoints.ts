import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isCheckpointName, validateCheckpointSync, type CheckpointEntry } from '../../checkpoint/index.ts';
import { plural } from '../terminal.ts';
import type { Finding } from './finding.ts';

/** A look, not a validation: that is what `validate-checkpoints` is for. */
const MOST_LOOKED_AT = 20;
const LARGEST_BYTES = 64e6;
const OLD = '0.x';

/**
 * Looks at some of the checkpoints of a folder; nothing where there is none.
 *
 * @param inside folders in which they lie, relative to it
 */
export async function checkCheckpoints(directory: string, inside: readonly string[] = ['']): Promise<Finding[]> {
  const found = await Promise.all(inside.map((folder) => checkpointsIn(directory, folder)));
  const names = found.flat().toSorted();
  const sample = await small(directory, spread(names));
  return judgeCheckpoints(
    names.length,
    sample.map((path) => validateCheckpointSync(path)),
    directory,
    inside.includes('') ? 'run' : 'prediction',
  );
}

async function checkpointsIn(directory: string, folder: string): Promise<string[]> {
  const names = await readdir(join(directory, folder)).catch(() => []);
  return names.filter(isCheckpointName).map((name) => join(folder, name));
}

function spread(names: readonly string[]): string[] {
  const step = Math.max(1, Math.ceil(names.length / MOST_LOOKED_AT));
  return names.filter((_, at) => at % step === 0);
}

async function small(directory: string, names: readonly string[]): Promise<string[]> {
  const paths: string[] = [];
  for (const path of names.map((name) => join(directory, name))) {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.size <= LARGEST_BYTES) paths.push(path);
  }
  return paths;
}

/**
 * @param count of all checkpoints of the folder
 * @param entries those that were looked at
 * @param kind of the folder
 */
export function judgeCheckpoints(
  count: number,
  entries: readonly CheckpointEntry[],
  directory: string,
  kind: 'run' | 'prediction',
): Finding[] {
  const check = 'checkpoints';
  if (count === 0) return [];
  const bad = entries.filter(({ result }) => result !== 'valid');
  const old = entries.filter(({ result, version }) => result === 'valid' && version === OLD);
  const looked = `${plural(count, 'checkpoint')}, ${entries.length} looked at`;
  const oldText =
    old.length === 0 ? '' : `, ${old.length} of them 0.x: made before files said their version, accepted as they are`;
  if (bad.length === 0) return [{ check, status: old.length === 0 ? 'ok' : 'info', message: `${looked}${oldText}` }];
  const reasons = bad.slice(0, 3).map(({ path, reason }) => `${path}: ${reason}`);
  const [all, again] = kind === 'run' ? ['', 'embed'] : [' --recursive', 'predict'];
  const todo =
    `virnucpro validate-checkpoints ${directory}${all} looks at all of them; ` +
    `${again} --on-bad-checkpoint recompute makes bad ones anew`;
  return [{ check, status: 'warning', message: `${looked}, ${bad.length} bad${oldText}: ${reasons.join('; ')}`, todo }];
}
