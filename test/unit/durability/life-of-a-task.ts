import type { settleCheckpoint } from '../../../src/activities/settle-checkpoint.ts';
import type { FileSystem } from '../../../src/platform/file-system.ts';
import type { openSpool, SegmentReference, Spool, SpoolShape } from '../../../src/spool/index.ts';
import type { Disk } from '../../support/crash-disk.ts';
import { CrashFileSystem } from '../../support/crash-file-system.ts';
import { FaultyFileSystem } from '../../support/faulty-file-system.ts';

/** The code under test, so that copies of it with a step taken out can be put in its place. */
export interface Storage {
  openSpool: typeof openSpool;
  settleCheckpoint: typeof settleCheckpoint;
}

/** What whoever works on a task has been told, by a promise that resolved: none of it may be untrue after a crash. */
export type Told =
  /** These rows need not be embedded again. */
  | { rows: number[] }
  /** These records were given up, and need not be tried again. */
  | { skipped: number[] }
  /** All rows are there, in these segments: the result of `embedFile`, which Temporal keeps. */
  | { segments: SegmentReference[]; skips?: SegmentReference | undefined; synced: boolean }
  /** The checkpoint is there: the result of `saveCheckpoint`. */
  | { saved: true };

export const RUN = '/runs/out';
export const SPOOLS = `${RUN}/.virnucpro/spool`;
export const CHECKPOINT = `${RUN}/a_KMER.pt`;
export const SPOOL = `${SPOOLS}/0123456789abcdef01234567`;
export const SHAPE: SpoolShape = { taskDigest: 'ab'.repeat(32), rows: 7, dim: 3 };
const IDS = Array.from({ length: SHAPE.rows }, (_, row) => `record ${row}`);
const ALL = IDS.map((_, ordinal) => ordinal);
const CLAIM = { host: 'host', pid: 1, workflowId: 'w', activityId: 'a', attempt: 1 };

export interface Work {
  /** Rows of each batch, in the order in which they are embedded. */
  batches: readonly (readonly number[])[];
  /** Whether batches are synced: tasks of one batch are not. */
  sync: boolean;
  /** Rows that cannot be embedded, and are done without. */
  bad?: readonly number[];
}

/** What a finished `embedFile` returns. */
export type Embedded = Extract<Told, { segments: unknown }>;

export const BATCHES: Work = { batches: [[0, 1], [2, 3], [4, 5], [6]], sync: true };
export const SKIPPING: Work = { ...BATCHES, bad: [0, 5] };
export const ONE_BATCH: Work = { batches: [ALL], sync: false };

/** A disk on which the folder of a run is there for certain. */
export async function emptyRun(): Promise<Disk> {
  const fileSystem = new CrashFileSystem();
  await fileSystem.makeFolder(SPOOLS);
  return fileSystem.disk;
}

export function rowOf(ordinal: number): number[] {
  return [ordinal + 0.5, -ordinal, 1 / (ordinal + 1)];
}

/** One attempt at embedding, as `embedFile` goes about it. */
export async function embed(
  { openSpool: open }: Storage,
  fileSystem: FileSystem,
  work: Work,
  tell: (told: Told) => void,
  onOpened: (spool: Spool) => void = () => {},
): Promise<Embedded> {
  const { signal } = new AbortController();
  const spool = await open(SPOOL, SHAPE, CLAIM, { fileSystem, signal });
  try {
    onOpened(spool);
    tell({ rows: ALL.filter((ordinal) => spool.has(ordinal)) });
    tell({ skipped: ALL.filter((ordinal) => spool.hasSkipped(ordinal)) });
    for (const batch of work.batches) await embedBatch(spool, batch, work, tell);
    const embedded: Embedded = { segments: await spool.finish(), skips: spool.skips, synced: work.sync };
    tell(embedded);
    return embedded;
  } finally {
    await spool.close();
  }
}

async function embedBatch(
  spool: Spool,
  batch: readonly number[],
  { sync, bad = [] }: Work,
  tell: (told: Told) => void,
): Promise<void> {
  const missing = batch.filter((ordinal) => !spool.has(ordinal) && !spool.hasSkipped(ordinal));
  const skipped = missing.filter((ordinal) => bad.includes(ordinal));
  const rows = missing.filter((ordinal) => !bad.includes(ordinal));
  if (skipped.length > 0) {
    await spool.skip(skipped.map((ordinal) => ({ ordinal, id: IDS[ordinal] as string, reason: 'it is bad' })));
    tell({ skipped });
  }
  if (rows.length === 0) return;
  await spool.append(rows, Float32Array.from(rows.flatMap(rowOf)), { sync });
  if (sync) tell({ rows });
}

/** One attempt at publishing, as `saveCheckpoint` goes about it. */
export async function save(
  { settleCheckpoint: settle }: Storage,
  fileSystem: FileSystem,
  { segments, skips }: Embedded,
  tell: (told: Told) => void,
): Promise<void> {
  const place = { spoolFolder: SPOOL, shape: SHAPE, checkpointFile: CHECKPOINT, kind: 'vectors' as const };
  await settle({ ...place, segments, ...(skips && { skips }) }, IDS, fileSystem, { waitMs: 0 });
  tell({ saved: true });
}

/** Operations after which the first attempt at embedding, and the first at publishing, are killed. */
export interface Kills {
  embed?: number;
  save?: number;
}

/** A life, and where in its journal the first attempt that was killed ended: before that, it is as any other. */
export interface Life {
  model: CrashFileSystem<Told>;
  killedAt: number;
  /** Where embedding was done. */
  embeddedAt: number;
  /** Whether there was anything left to do when the killing was due. */
  wasKilled: boolean;
}

/** Everything that happens to one task from its start to its end, on a model that remembers it. */
export async function liveThrough(storage: Storage, work: Work, kills: Kills = {}): Promise<Life> {
  const model = new CrashFileSystem<Told>(await emptyRun());
  const tell = (told: Told) => model.note(told);
  const life: Life = { model, killedAt: 0, embeddedAt: 0, wasKilled: false };
  if (kills.embed !== undefined) await kill(life, (dying) => embed(storage, dying, work, tell), kills.embed);
  const embedded = await embed(storage, model, work, tell);
  life.embeddedAt = model.journal.length;
  if (kills.save !== undefined) await kill(life, (dying) => save(storage, dying, embedded, tell), kills.save);
  await save(storage, model, embedded, tell);
  return life;
}

async function kill(life: Life, attempt: (dying: FileSystem) => Promise<unknown>, operations: number): Promise<void> {
  try {
    await attempt(dyingAfter(operations, life.model));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'KILLED') throw error;
    life.wasKilled = true;
  }
  life.killedAt = life.model.journal.length;
}

/** Nothing that a killed process does reaches its file system: neither the n-th call and those behind it, nor any cleaning up. */
function dyingAfter(operations: number, model: FileSystem): FaultyFileSystem {
  return new FaultyFileSystem(
    { fault: ({ number }) => (number > operations ? { errno: 'KILLED' } : undefined) },
    model,
  );
}

/** The files that an undisturbed life ends with. */
export type SoundEnd = ReadonlyMap<string, Buffer>;

export async function soundEnd(storage: Storage, work: Work): Promise<SoundEnd> {
  const { model } = await liveThrough(storage, work);
  const tree = model.disk.tree();
  if (!tree.has(CHECKPOINT)) throw new Error('an undisturbed life ended without a checkpoint');
  return tree;
}
