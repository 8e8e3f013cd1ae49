import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAll, type FileSystem } from '../../platform/file-system.ts';
import { nodeFileSystem } from '../../platform/node-file-system.ts';
import type { Finding } from './finding.ts';

const CONTENT = Buffer.from('virnucpro doctor\n');
/** Owners of run folders are told apart by times that are minutes old. */
const MAX_CLOCK_DIFFERENCE_MS = 30_000;

/**
 * Tries in a folder what the durability of a run rests on: exclusive creation, fsync of files and folders, hard links that
 * never replace, renames that do. Everything is made in a sub-folder that is removed again.
 *
 * @param folder an existing one
 */
export async function checkStorage(folder: string, fileSystem: FileSystem = nodeFileSystem): Promise<Finding[]> {
  const probe = join(folder, `.virnucpro-doctor-${randomUUID()}`);
  try {
    await fileSystem.makeFolder(probe);
  } catch (error) {
    return [problem('writable', folder, error, 'mend its permissions, or choose another folder with --out')];
  }
  try {
    return await tryAll(probe, fileSystem);
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
}

async function tryAll(probe: string, fileSystem: FileSystem): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const trial of TRIALS) {
    try {
      findings.push({ check: trial.check, ...(await trial.run(probe, fileSystem)) });
    } catch (error) {
      findings.push({ ...problem(trial.check, trial.what, error, trial.todo), status: trial.failure });
      if (trial.check === 'writable') break;
    }
  }
  return findings;
}

interface Trial {
  check: string;
  /** What fails, for the message. */
  what: string;
  failure: 'problem' | 'warning';
  todo: string;
  run(probe: string, fileSystem: FileSystem): Promise<Omit<Finding, 'check'>>;
}

const OTHER_STORAGE = 'choose a folder on storage that can, with --out';

const TRIALS: readonly Trial[] = [
  { check: 'writable', what: 'creating a file', failure: 'problem', todo: OTHER_STORAGE, run: tryCreate },
  { check: 'fsync', what: 'fsync', failure: 'problem', todo: OTHER_STORAGE, run: tryFsync },
  {
    check: 'link',
    what: 'hard links',
    failure: 'warning',
    todo: `runs work without (exclusive create and rename, weaker in a crash); better ${OTHER_STORAGE}`,
    run: tryLink,
  },
  { check: 'rename', what: 'renaming over a file', failure: 'problem', todo: OTHER_STORAGE, run: tryRename },
];

async function tryCreate(probe: string, fileSystem: FileSystem): Promise<Omit<Finding, 'check'>> {
  await create(join(probe, 'a'), fileSystem);
  if (await isRefused(create(join(probe, 'a'), fileSystem))) return { status: 'ok', message: 'files can be created' };
  return {
    status: 'problem',
    message: 'exclusive creation (O_EXCL) replaced a file that existed',
    todo: OTHER_STORAGE,
  };
}

async function tryFsync(probe: string, fileSystem: FileSystem): Promise<Omit<Finding, 'check'>> {
  const file = await fileSystem.open(join(probe, 'a'), 'read-write');
  const started = performance.now();
  try {
    await writeAll(file, CONTENT, 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await fileSystem.syncFolder(probe);
  const milliseconds = (performance.now() - started).toFixed(1);
  return { status: 'ok', message: `fsync of a file and its folder: ${milliseconds} ms` };
}

async function tryLink(probe: string, fileSystem: FileSystem): Promise<Omit<Finding, 'check'>> {
  const [from, to] = [join(probe, 'a'), join(probe, 'b')];
  await fileSystem.link(from, to);
  if (!(await isRefused(fileSystem.link(from, to)))) {
    return { status: 'problem', message: 'a hard link replaced a file that existed', todo: OTHER_STORAGE };
  }
  return { status: 'ok', message: 'hard links work and never replace a file' };
}

async function tryRename(probe: string, fileSystem: FileSystem): Promise<Omit<Finding, 'check'>> {
  const [from, to] = [join(probe, 'c'), join(probe, 'd')];
  await create(from, fileSystem);
  await create(to, fileSystem);
  await fileSystem.rename(from, to);
  const [gone, there] = [await fileSystem.stat(from), await fileSystem.stat(to)];
  if (gone === undefined && there !== undefined) return clockFinding(there.modifiedNs);
  return { status: 'problem', message: 'a rename left the old name behind', todo: OTHER_STORAGE };
}

/** Files get their times from the file server, claims from the clock of the host. */
function clockFinding(modifiedNs: bigint): Omit<Finding, 'check'> {
  const differenceMs = Date.now() - Number(modifiedNs / 1_000_000n);
  if (Math.abs(differenceMs) <= MAX_CLOCK_DIFFERENCE_MS) {
    return { status: 'ok', message: 'renames replace a file; the clocks of host and storage agree' };
  }
  const seconds = Math.round(differenceMs / 1000);
  const message = `renames replace a file, but the clock of this host is ${seconds} s ahead of that of the storage`;
  return { status: 'warning', message, todo: 'synchronise the clocks (NTP) of all hosts and the file server' };
}

async function create(path: string, fileSystem: FileSystem): Promise<void> {
  const file = await fileSystem.open(path, 'create-exclusive');
  try {
    await writeAll(file, CONTENT, 0);
  } finally {
    await file.close();
  }
}

async function isRefused(attempt: Promise<void>): Promise<boolean> {
  try {
    await attempt;
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return true;
  }
}

function problem(check: string, what: string, error: unknown, todo: string): Finding {
  return { check, status: 'problem', message: `${what}: ${(error as Error).message}`, todo };
}
