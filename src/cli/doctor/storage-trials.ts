import { join } from 'node:path';
import { writeAll } from '../../platform/file-system.ts';
import type { CheckName, Finding } from './finding.ts';
import type { TriedFileSystem } from './tried-file-system.ts';

const CONTENT = Buffer.from('virnucpro doctor\n');
/** Owners of run folders are told apart by times that are minutes old. */
const MAX_CLOCK_DIFFERENCE_MS = 30_000;
/** A batch counts when it is durable: with slower storage that is what the GPU waits for. */
const SLOW_SYNC_MS = 250;
const SYNCS = 3;
/** NAME_MAX of nearly every file system. */
const LONG_NAME = 255;
/** What a temporary name adds to that of a checkpoint, and a checkpoint's suffix to that of its input. */
const NAME_ROOM = 80;

type Verdict = Omit<Finding, 'check'>;

/** One thing to try in a folder of its own, after those before it. */
export interface Trial {
  check: CheckName;
  /** What fails, for the message. */
  what: string;
  failure: 'problem' | 'warning';
  todo: string;
  run(probe: string, fileSystem: TriedFileSystem): Promise<Verdict>;
}

const OTHER_STORAGE = 'choose a folder on storage that can, with --out';

export const TRIALS: readonly Trial[] = [
  { check: 'writable', what: 'creating a file', failure: 'problem', todo: OTHER_STORAGE, run: tryCreate },
  { check: 'fsync', what: 'fsync', failure: 'problem', todo: OTHER_STORAGE, run: trySync },
  {
    check: 'link',
    what: 'hard links',
    failure: 'warning',
    todo: `runs work without (exclusive create and rename, weaker in a crash); better ${OTHER_STORAGE}`,
    run: tryLink,
  },
  { check: 'rename', what: 'renaming over a file', failure: 'problem', todo: OTHER_STORAGE, run: tryRename },
  {
    check: 'append',
    what: 'appending to a file',
    failure: 'warning',
    todo: `failed_checkpoints.txt is appended to; ${OTHER_STORAGE}`,
    run: tryAppend,
  },
  { check: 'names', what: 'a long name', failure: 'warning', todo: 'keep the names of inputs short', run: tryNames },
  { check: 'storage-clock', what: 'the time of a file', failure: 'warning', todo: OTHER_STORAGE, run: tryClock },
];

async function tryCreate(probe: string, fileSystem: TriedFileSystem): Promise<Verdict> {
  await create(join(probe, 'a'), fileSystem);
  if (await isRefused(create(join(probe, 'a'), fileSystem))) return { status: 'ok', message: 'files can be created' };
  const message = 'exclusive creation (O_EXCL) replaced a file that existed';
  return { status: 'problem', message, todo: OTHER_STORAGE };
}

async function trySync(probe: string, fileSystem: TriedFileSystem): Promise<Verdict> {
  const file = await fileSystem.open(join(probe, 'a'), 'read-write');
  const times: number[] = [];
  try {
    for (let at = 0; at < SYNCS; at++) {
      const started = performance.now();
      await writeAll(file, CONTENT, at * CONTENT.length);
      await file.sync();
      await fileSystem.syncFolder(probe);
      times.push(performance.now() - started);
    }
  } finally {
    await file.close();
  }
  // The first may have waited for the writes of others.
  const milliseconds = Math.min(...times);
  const message = `fsync of a file and its folder: ${milliseconds.toFixed(1)} ms`;
  if (milliseconds < SLOW_SYNC_MS) return { status: 'ok', message };
  const todo = 'larger batches (--batch-size) wait less often; better choose faster storage with --out';
  return { status: 'warning', message: `${message}: every batch of rows waits for one`, todo };
}

async function tryLink(probe: string, fileSystem: TriedFileSystem): Promise<Verdict> {
  const [from, to] = [join(probe, 'a'), join(probe, 'b')];
  await fileSystem.link(from, to);
  if (!(await isRefused(fileSystem.link(from, to)))) {
    return { status: 'problem', message: 'a hard link replaced a file that existed', todo: OTHER_STORAGE };
  }
  return { status: 'ok', message: 'hard links work and never replace a file' };
}

async function tryRename(probe: string, fileSystem: TriedFileSystem): Promise<Verdict> {
  const [from, to] = [join(probe, 'c'), join(probe, 'd')];
  await create(from, fileSystem);
  await create(to, fileSystem);
  await fileSystem.rename(from, to);
  const [gone, there] = [await fileSystem.stat(from), await fileSystem.stat(to)];
  if (gone === undefined && there !== undefined) return { status: 'ok', message: 'renames replace a file' };
  return { status: 'problem', message: 'a rename left the old name behind', todo: OTHER_STORAGE };
}

async function tryAppend(probe: string, fileSystem: TriedFileSystem): Promise<Verdict> {
  const path = join(probe, 'log');
  for (const line of ['one\n', 'two\n']) await fileSystem.append(path, Buffer.from(line));
  const text = Buffer.from(await fileSystem.readAll(path)).toString('utf8');
  if (text === 'one\ntwo\n') return { status: 'ok', message: 'files can be appended to' };
  const message = `appending two lines left ${text.length} bytes instead of 8: lines of failed_checkpoints.txt get lost`;
  return { status: 'warning', message, todo: OTHER_STORAGE };
}

async function tryNames(probe: string, fileSystem: TriedFileSystem): Promise<Verdict> {
  await create(join(probe, 'case'), fileSystem);
  const foldsCase = (await fileSystem.stat(join(probe, 'CASE'))) !== undefined;
  const longest = await longestName(probe, fileSystem);
  if (longest < LONG_NAME) {
    const message = `names of at most ${longest} bytes: those of inputs may have ${longest - NAME_ROOM}`;
    return { status: 'warning', message, todo: 'keep the names of inputs short, or choose another folder with --out' };
  }
  const cases = foldsCase
    ? 'upper and lower case are one: a run refuses inputs that differ in nothing else'
    : 'case counts';
  return { status: foldsCase ? 'info' : 'ok', message: `names of ${LONG_NAME} bytes, ${cases}` };
}

/** Found by halving: file systems that encrypt names allow 143, others refuse for reasons of their own. */
async function longestName(probe: string, fileSystem: TriedFileSystem): Promise<number> {
  const isAllowed = (length: number) =>
    create(join(probe, 'n'.repeat(length)), fileSystem).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENAMETOOLONG' || error.code === 'EINVAL') return false;
        throw error;
      },
    );
  if (await isAllowed(LONG_NAME)) return LONG_NAME;
  let [allowed, refused] = [1, LONG_NAME];
  while (refused - allowed > 1) {
    const middle = Math.floor((allowed + refused) / 2);
    if (await isAllowed(middle)) allowed = middle;
    else refused = middle;
  }
  return allowed;
}

/** Files get their times from the file server, claims from the clock of the host. */
async function tryClock(probe: string, fileSystem: TriedFileSystem): Promise<Verdict> {
  const path = join(probe, 'clock');
  const before = Date.now();
  await create(path, fileSystem);
  const stat = await fileSystem.stat(path);
  if (stat === undefined)
    return { status: 'warning', message: 'a file that was just made is not seen', todo: OTHER_STORAGE };
  const ahead = before - Number(stat.modifiedNs / 1_000_000n);
  if (Math.abs(ahead) <= MAX_CLOCK_DIFFERENCE_MS) {
    return { status: 'ok', message: 'the clocks of host and storage agree' };
  }
  const [seconds, side] = [Math.abs(Math.round(ahead / 1000)), ahead > 0 ? 'ahead of' : 'behind'];
  const message = `the clock of this host is ${seconds} s ${side} that of the storage`;
  return { status: 'warning', message, todo: 'synchronise the clocks (NTP) of all hosts and the file server' };
}

async function create(path: string, fileSystem: TriedFileSystem): Promise<void> {
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
