import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import * as path from 'node:path';
import type { FileSystem } from './file-system.ts';
import { nodeFileSystem } from './node-file-system.ts';
import { lookAtProcess, processStartTime } from './process-identity.mjs';

/** Longest file name on common file systems, in bytes. */
const MAX_NAME_BYTES = 255;
/** What a character that was cut in half can become too long by. */
const CUT_CHARACTER_BYTES = 2;
/** Names the process that writes it: `<host>-<pid>-<start>-<unique>`. */
const TEMP_NAME = /^\..+\.([0-9a-f]{8})-([1-9][0-9]*)-([0-9a-f]{8})-[0-9a-f]{16}\.tmp$/u;
/** A file that is being written changes every second; clocks of hosts and storage may differ by minutes. */
const FOREIGN_EXPIRY_MS = 3_600_000;

/**
 * Machines share names (clones, `localhost`), and containers that share the name of their host number their processes each
 * for itself: what one start of a machine has given to one namespace of processes is found again by this.
 */
const host = shortDigest([hostname(), orNothing(bootId), orNothing(processNamespace)].join('/'));
/** Of a process whose start cannot be seen: nobody can say that it is gone. */
const UNKNOWN_START = '00000000';
let ownStart: string | undefined;

/** `.{name}.{writer}-{unique}.tmp` beside the target: only there can it be linked, and only such names are no checkpoints. */
export function tempPath(target: string): string {
  ownStart ??= startDigest(processStartTime(process.pid));
  const suffix = `.${host}-${process.pid}-${ownStart}-${randomBytes(8).toString('hex')}.tmp`;
  const room = MAX_NAME_BYTES - suffix.length - '.'.length - CUT_CHARACTER_BYTES;
  const name = Buffer.from(path.basename(target)).subarray(0, room).toString();
  return path.join(path.dirname(target), `.${name}${suffix}`);
}

/**
 * Removes from a folder what {@link tempPath} named and nobody writes any more: temporary files of processes of this host
 * that are gone, and others where they have not changed for an hour. Safe at any time, and never throws: what cannot be
 * listed or removed is left to the next sweep.
 *
 * @returns how many names were looked at, and how many of them removed
 */
export async function sweepAbandonedTemps(
  folder: string,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<{ names: number; removed: number }> {
  let removed = 0;
  const names = await fileSystem.list(folder).catch(() => []);
  for (const name of names) {
    const file = path.join(folder, name);
    if ((await isAbandoned(fileSystem, file)) && (await isUnlinked(fileSystem, file))) removed += 1;
  }
  return { names: names.length, removed };
}

/** Folders with more names than this are looked through once a minute: a run of many inputs asks for each of them. */
const MANY_NAMES = 5000;
const SWEPT_FOR_MS = 60_000;
const sweptAt = new Map<string, number>();
const MAX_SWEPT = 1000;

/** {@link sweepAbandonedTemps}, unless this thread has done so a moment ago and the folder holds many names. */
export async function sweepSeldom(folder: string, fileSystem: FileSystem): Promise<void> {
  const now = Date.now();
  if (now - (sweptAt.get(folder) ?? 0) < SWEPT_FOR_MS) return;
  const { names } = await sweepAbandonedTemps(folder, fileSystem);
  if (names <= MANY_NAMES) return;
  if (sweptAt.size >= MAX_SWEPT) sweptAt.clear();
  sweptAt.set(folder, now);
}

async function isAbandoned(fileSystem: FileSystem, file: string): Promise<boolean> {
  const [, writer, pid, start] = TEMP_NAME.exec(path.basename(file)) ?? [];
  if (writer === undefined) return false;
  if (writer === host && start !== UNKNOWN_START) {
    const seen = lookAtProcess(Number(pid));
    if (seen.state !== 'unknown') return seen.state === 'gone' || startDigest(seen.startTime) !== start;
  }
  const found = await fileSystem.stat(file).catch(() => undefined);
  return found !== undefined && Date.now() - Number(found.modifiedNs / 1_000_000n) > FOREIGN_EXPIRY_MS;
}

async function isUnlinked(fileSystem: FileSystem, file: string): Promise<boolean> {
  return fileSystem.unlink(file).then(
    () => true,
    () => false,
  );
}

/** @returns nothing where the system has no such thing */
function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function processNamespace(): string {
  return readlinkSync('/proc/self/ns/pid');
}

function startDigest(startTime: string | undefined): string {
  return startTime === undefined ? UNKNOWN_START : shortDigest(startTime);
}

function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
