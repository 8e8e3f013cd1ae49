import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { internal } from '../../run/run-folder.ts';
import { plural } from '../terminal.ts';
import type { Finding } from './finding.ts';

const TEMPORARY = /^\..+\.tmp$/u;
const SET_ASIDE = /\.bad-\d{8}T\d{6}/u;
/** Sizes are asked one by one, over a network maybe: of more files the count is enough. */
const MOST_SIZED = 5_000;

/**
 * What runs have left in a folder: temporary files, rows of files that are not finished, bad checkpoints.
 *
 * @param inside folders in which its checkpoints lie, relative to it
 */
export async function checkLeftovers(directory: string, inside: readonly string[] = ['']): Promise<Finding[]> {
  const names = await listedIn(directory, ['', ...inside]);
  const spools = await listedIn(
    directory,
    inside.map((folder) => join(folder, internal.spool)),
  );
  const findings = [
    await told(
      directory,
      names.filter((name) => TEMPORARY.test(basename(name))),
      (count, size) => ({
        message: `${plural(count, 'temporary file')}${size} of checkpoints or records that a run or a kill has left`,
        todo: 'no reader sees them; the next run in this folder removes those that nobody writes any more',
      }),
    ),
    await told(
      directory,
      names.filter((name) => SET_ASIDE.test(name)),
      (count, size) => ({
        message: `${plural(count, 'checkpoint')} set aside as bad${size} (.bad-TIME); failed_checkpoints.txt says why`,
        todo: 'remove them when nobody wants to look at them',
      }),
    ),
    await told(directory, spools, (count, size) => ({
      message: `rows of ${plural(count, 'unfinished file')}${size} in ${internal.spool}`,
      todo: 'the next run of the same inputs goes on from them',
    })),
  ];
  return findings.flat();
}

/** Paths relative to the folder. */
async function listedIn(directory: string, inside: readonly string[]): Promise<string[]> {
  const found = [...new Set(inside)].map(async (folder) => {
    const names: string[] = await readdir(join(directory, folder)).catch(() => []);
    return names.map((name) => join(folder, name));
  });
  return (await Promise.all(found)).flat();
}

async function told(
  folder: string,
  names: readonly string[],
  text: (count: number, size: string) => { message: string; todo: string },
): Promise<Finding[]> {
  if (names.length === 0) return [];
  const bytes = await sizeOf(folder, names);
  const size = bytes === undefined ? '' : `, ${Math.ceil(bytes / 1e6)} MB`;
  return [{ check: 'leftovers', status: 'info', ...text(names.length, size) }];
}

/** Of files, and of the files in folders; undefined if there are too many to ask. */
async function sizeOf(folder: string, names: readonly string[]): Promise<number | undefined> {
  let bytes = 0;
  let asked = 0;
  for (const name of names) {
    const path = join(folder, name);
    const inside = await readdir(path).catch(() => undefined);
    for (const file of inside === undefined ? [path] : inside.map((one) => join(path, one))) {
      if (++asked > MOST_SIZED) return undefined;
      // Files go at any moment.
      bytes += await stat(file).then(
        ({ size }) => size,
        () => 0,
      );
    }
  }
  return bytes;
}
