import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settleCheckpoint, type SpooledTask } from '../../../src/activities/settle-checkpoint.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import type { FileSystem } from '../../../src/platform/file-system.ts';
import { nodeFileSystem } from '../../../src/platform/node-file-system.ts';
import { readSkipRecord } from '../../../src/run/skipped-sequences.ts';
import { openSpool, type SpoolShape } from '../../../src/spool/index.ts';
import { CrashFileSystem } from '../../support/crash-file-system.ts';
import { crashStates } from '../../support/crash-states.ts';
import { contentOf } from '../../support/run-folder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const SHAPE: SpoolShape = { taskDigest: 'ab'.repeat(32), rows: 6, dim: 2 };
const IDS = ['a', 'b', 'c', 'd', 'e', 'f'];
const NAME = 'x_FAKE.pt';
const NO_WAIT = { waitMs: 0 };

function idsWithout(...skipped: number[]): string[] {
  return IDS.filter((_, ordinal) => !skipped.includes(ordinal));
}

/** One attempt at embedding: some records are skipped, all others get rows. */
async function embed(
  directory: string,
  spoolName: string,
  skipped: readonly number[],
  fileSystem: FileSystem = nodeFileSystem,
  onSkipped: () => void = () => {},
): Promise<SpooledTask> {
  const spoolFolder = join(directory, '.virnucpro', 'spool', spoolName);
  const claim = { host: 'host', pid: 1, workflowId: 'w', activityId: 'a', attempt: 1 };
  const spool = await openSpool(spoolFolder, SHAPE, claim, { fileSystem, signal: new AbortController().signal });
  const records = skipped.map((ordinal) => ({ ordinal, id: IDS[ordinal]!, reason: 'fails alone' }));
  if (records.length > 0) await spool.skip(records);
  onSkipped();
  const rest = IDS.map((_, ordinal) => ordinal).filter((ordinal) => !skipped.includes(ordinal));
  await spool.append(rest, Float32Array.from(rest.flatMap((ordinal) => [ordinal + 1, -1])));
  const segments = await spool.finish();
  await spool.close();
  const { skips } = spool;
  return {
    spoolFolder,
    shape: SHAPE,
    segments,
    ...(skips && { skips }),
    checkpointFile: join(directory, NAME),
    kind: 'vectors',
  };
}

function settle(task: SpooledTask, fileSystem: FileSystem = nodeFileSystem) {
  return settleCheckpoint(task, IDS, fileSystem, NO_WAIT);
}

/** The ids of the checkpoint on disk, which have to be those of the input but the ones on its record. */
async function soundIds(directory: string): Promise<string[]> {
  const { ids, rows } = await contentOf(join(directory, NAME));
  const record = await readSkipRecord(directory, NAME, ids);
  expect(ids).toEqual(idsWithout(...(record?.skipped ?? []).map(({ row }) => row)));
  expect(rows).toEqual(ids.map((id) => [IDS.indexOf(id) + 1, -1]));
  return ids;
}

describe('settleCheckpoint of a task with skipped records', () => {
  it('→ the others in the order of the input, the record of the skipped ones, no spool', async () => {
    const directory = await temporaryFolder();
    const task = await embed(directory, 's', [1, 4]);
    expect(await settle(task)).toMatchObject({ outcome: 'published', rows: 4, skippedSequences: 2 });
    expect(await soundIds(directory)).toEqual(['a', 'c', 'd', 'f']);
    expect(await readdir(join(directory, '.virnucpro', 'spool'))).toEqual([]);
    // The activity is tried again although it had ended well.
    expect(await settle(task)).toMatchObject({ outcome: 'existing', rows: 4, skippedSequences: 2 });
  });

  it.each<[string, number[], number[]]>([
    ['other records', [1], [4]],
    ['more records', [1], [1, 4]],
    ['fewer records', [1, 4], [1]],
    ['none', [1], []],
    ['some, the first one none', [], [4]],
  ])('a second attempt that skipped %s → the first one stays, and its record is the one that fits', async (_, a, b) => {
    const directory = await temporaryFolder();
    const first = await embed(directory, 'first', a);
    const second = await embed(directory, 'second', b);
    await settle(first);
    expect(await settle(second)).toMatchObject({
      outcome: 'existing',
      rows: 6 - a.length,
      skippedSequences: a.length,
    });
    expect(await soundIds(directory)).toEqual(idsWithout(...a));
  });

  it('a second attempt that skipped others and comes between, before any operation of the first → one file, sound', async () => {
    const outcomes = new Set<string>();
    for (let number = 1, ended = false; !ended; number++) {
      const directory = await temporaryFolder();
      const first = await embed(directory, 'first', [1, 2]);
      const second = await embed(directory, 'second', [2, 5]);
      ended = true;
      const between = async () => {
        ended = false;
        await settle(second);
      };
      // An attempt that another overtakes ends as stale; the one after it finds the checkpoint.
      const again = (error: { type?: string }) => {
        expect(error.type).toBe(FailureType.RunStaleAttempt);
        return settle(first);
      };
      const { outcome, skippedSequences } = await settle(first, interrupted(number, between)).catch(again);
      outcomes.add(outcome);
      expect(skippedSequences).toBe(2);
      expect(await soundIds(directory)).toEqual(ended || outcome === 'published' ? idsWithout(1, 2) : idsWithout(2, 5));
    }
    expect(outcomes).toEqual(new Set(['existing', 'published']));
  });

  it('power lost at any moment → a checkpoint never without its record; what was skipped for certain stays skipped', async () => {
    const directory = '/runs/out';
    const start = new CrashFileSystem();
    await start.makeFolder(join(directory, '.virnucpro', 'spool'));
    const model = new CrashFileSystem<'skipped' | 'saved'>(start.disk);
    const task = await embed(directory, 's', [1, 4], model, () => model.note('skipped'));
    await settle(task, model);
    model.note('saved');
    let states = 0;
    for (const { disk, notes } of crashStates(model, { exhaustive: 150, samples: 20, seed: 7 })) {
      states++;
      const left = new CrashFileSystem(disk);
      const isThere = disk.tree().get(task.checkpointFile) !== undefined;
      if (notes.includes('saved')) expect(isThere).toBe(true);
      if (isThere) expect(await readSkipRecord(directory, NAME, idsWithout(1, 4), left)).toBeDefined();
      else if (notes.includes('skipped')) expect(await skippedIn(task.spoolFolder, left)).toEqual([1, 4]);
    }
    expect(states).toBeGreaterThan(100);
  });
});

/** The real file system, on which something else happens right before the n-th operation. */
function interrupted(number: number, between: () => Promise<void>): FileSystem {
  let calls = 0;
  return new Proxy(nodeFileSystem, {
    get: (target, name: keyof FileSystem) => {
      const operation = target[name].bind(target) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        calls += 1;
        if (calls === number) await between();
        return operation(...args);
      };
    },
  });
}

async function skippedIn(folder: string, fileSystem: FileSystem): Promise<number[]> {
  const claim = { host: 'host', pid: 2, workflowId: 'w', activityId: 'a', attempt: 2 };
  const spool = await openSpool(folder, SHAPE, claim, { fileSystem, signal: new AbortController().signal });
  await spool.close();
  return IDS.map((_, ordinal) => ordinal).filter((ordinal) => spool.hasSkipped(ordinal));
}
