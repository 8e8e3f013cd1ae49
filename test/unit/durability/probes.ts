import { basename } from 'node:path';
import type { publishCheckpoint } from '../../../src/checkpoint/publish/publish-checkpoint.ts';
import type { CheckpointContent } from '../../../src/checkpoint/types.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import type { createFile, replaceFile } from '../../../src/run/atomic-file.ts';
import type { countFruitlessFailures, readSkips, recordFailure, Spool, SpoolRows } from '../../../src/spool/index.ts';
import type { FileSystem } from '../../../src/platform/file-system.ts';
import { CrashFileSystem } from '../../support/crash-file-system.ts';
import { crashStates } from '../../support/crash-states.ts';
import { methodsOf, systemOf } from '../../support/port-methods.ts';
import { FaultyFileSystem, type FaultyOptions } from '../../support/faulty-file-system.ts';
import { faultEverywhere } from './faults.ts';
import {
  BATCHES,
  CHECKPOINT,
  embed,
  emptyRun,
  ONE_BATCH,
  rowOf,
  RUN,
  SHAPE,
  SKIPPING,
  SPOOL,
  type Storage,
} from './life-of-a-task.ts';
import { crashEverywhere, crashOneLife, type Findings } from './violations.ts';

/** All code whose steps are taken out one by one. */
export interface Subject extends Storage {
  SpoolRows: typeof SpoolRows;
  readSkips: typeof readSkips;
  recordFailure: typeof recordFailure;
  countFruitlessFailures: typeof countFruitlessFailures;
  publishCheckpoint: typeof publishCheckpoint;
  createFile: typeof createFile;
  replaceFile: typeof replaceFile;
}

/** Looks for one kind of wrong behaviour; says what it found. */
export type Probe = (subject: Subject) => Promise<string[]>;

const { signal } = new AbortController();
const CLAIM = { host: 'host', pid: 1, workflowId: 'w', activityId: 'a', attempt: 1 };
const ROWS = Array.from({ length: SHAPE.rows }, (_, row) => row);

function vectorsOf(rows: readonly number[]): Float32Array {
  return Float32Array.from(rows.flatMap(rowOf));
}

function content(change: Partial<CheckpointContent> = {}, value = 1): CheckpointContent {
  const rows = {
    rows: 3,
    dim: 4,
    read: (_: number, count: number, into: Float32Array) => void into.fill(value, 0, 4 * count),
  };
  return { kind: 'vectors', ids: ['a', 'b', 'c'], rows, ...change };
}

async function errorOf(work: () => Promise<unknown>): Promise<(Error & { type?: string; code?: string }) | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** A later attempt claims the task while this one works. */
const overtaken: Probe = async ({ openSpool }) => {
  const model = new CrashFileSystem(await emptyRun());
  const options = { fileSystem: model, signal };
  const old = await openSpool(SPOOL, SHAPE, CLAIM, options);
  await old.append([0], vectorsOf([0]));
  const current = await openSpool(SPOOL, SHAPE, CLAIM, options);
  const late = await errorOf(() => old.append([1], vectorsOf([1])));
  await model.removeFolder(SPOOL);
  const gone = await errorOf(() => current.append([1], vectorsOf([1])));
  return [late, gone].flatMap((error, at) =>
    error?.type === FailureType.RunStaleAttempt ? [] : [`overtaken ${at}: ${String(error)}`],
  );
};

/** Every byte of a segment changed, and every length that it may be cut to. */
const damagedSegment: Probe = async (subject) => {
  const model = new CrashFileSystem(await emptyRun());
  const { segments } = await embed(subject, model, BATCHES, () => {});
  const path = `${SPOOL}/${segments[0]?.name}`;
  const sound = model.disk.tree().get(path) as Buffer;
  const problems: string[] = [];
  const tryWith = async (bytes: Buffer, what: string) => {
    const disk = model.disk.copy();
    const inode = disk.find(path) as number;
    disk.files.set(inode, bytes);
    const fileSystem = new CrashFileSystem(disk);
    const opened = await errorOf(() => subject.SpoolRows.open(SPOOL, SHAPE, segments, { fileSystem, waitMs: 0 }));
    if (opened?.type !== FailureType.RunSpoolIncomplete) problems.push(`${what} was read: ${String(opened)}`);
    const end = await errorOf(async () => {
      const { segments: again } = await embed(subject, fileSystem, BATCHES, () => {});
      const rows = await subject.SpoolRows.open(SPOOL, SHAPE, again, { fileSystem, waitMs: 0 });
      const values = new Float32Array(SHAPE.rows * SHAPE.dim);
      rows.read(0, SHAPE.rows, values);
      if (!Buffer.from(values.buffer).equals(Buffer.from(vectorsOf(ROWS).buffer))) problems.push(`${what}: wrong rows`);
    });
    if (end !== undefined) problems.push(`${what} cannot be made up for: ${String(end)}`);
  };
  const turned = new CrashFileSystem(await emptyRun());
  const backwards = BATCHES.batches.map((batch) => batch.toReversed());
  const { segments: others } = await embed(subject, turned, { ...BATCHES, batches: backwards }, () => {});
  await tryWith(turned.disk.tree().get(`${SPOOL}/${others[0]?.name}`) as Buffer, 'another segment of that length');
  for (let at = 0; at < sound.length; at += 1) {
    const flipped = Buffer.from(sound);
    flipped.writeUInt8(flipped.readUInt8(at) ^ 1, at);
    await tryWith(flipped, `byte ${at} changed`);
    if (at % 5 === 0) await tryWith(Buffer.from(sound.subarray(0, at)), `cut at ${at}`);
    if (problems.length > 0) return problems;
  }
  return problems;
};

/** A zombie that writes on in a segment that another attempt has named already: only what was named counts. */
const growingSegment: Probe = async (subject) => {
  const model = new CrashFileSystem(await emptyRun());
  const { segments } = await embed(subject, model, { ...BATCHES, batches: [ROWS] }, () => {});
  const path = `${SPOOL}/${segments[0]?.name}`;
  const file = await model.open(path, 'read-write');
  const size = await file.size();
  const frame = Buffer.from((model.disk.tree().get(path) as Buffer).subarray(64));
  const problems: string[] = [];
  for (const bytes of [20, frame.length]) {
    await file.write(frame.subarray(0, bytes), size);
    const error = await errorOf(() => subject.SpoolRows.open(SPOOL, SHAPE, segments, { fileSystem: model, waitMs: 0 }));
    if (error !== undefined) problems.push(`a segment that has grown: ${error.message}`);
  }
  await file.truncate(size);
  const rows = await subject.SpoolRows.open(SPOOL, SHAPE, segments, { fileSystem: model, waitMs: 0 });
  await file.truncate(size - 1);
  const error = await errorOf(async () => rows.read(0, SHAPE.rows, new Float32Array(SHAPE.rows * SHAPE.dim)));
  if (error?.type !== FailureType.RunSpoolIncomplete) problems.push(`a segment that has shrunk: ${String(error)}`);
  return problems;
};

/** A sync that fails after a later attempt has taken up what it was for: that is no longer this attempt's to take away. */
const lateFailure: Probe = async (subject) => {
  const problems: string[] = [];
  for (const skips of [false, true]) {
    const model = new CrashFileSystem(await emptyRun());
    let later: Promise<Spool> | undefined;
    const open: FileSystem['open'] = async (path, mode) => {
      const file = await model.open(path, mode);
      const sync = async () => {
        later = subject.openSpool(SPOOL, SHAPE, CLAIM, { fileSystem: model, signal });
        await later;
        throw Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'fsync' });
      };
      return { ...methodsOf(file), sync };
    };
    const spool = await subject.openSpool(SPOOL, SHAPE, CLAIM, { fileSystem: { ...systemOf(model), open }, signal });
    const record = { ordinal: 0, id: 'record 0', reason: 'it is bad' };
    await errorOf(() => (skips ? spool.skip([record]) : spool.append([0], vectorsOf([0]))));
    const taken = await later;
    if (taken?.has(0) !== !skips || taken.hasSkipped(0) !== skips) problems.push('nothing was taken up');
    const next = await subject.openSpool(SPOOL, SHAPE, CLAIM, { fileSystem: model, signal });
    if (next.has(0) === skips || next.hasSkipped(0) !== skips)
      problems.push('what a later attempt had taken up is gone');
  }
  return problems;
};

/** Spools of another task, and segments that are named wrongly or do not hold all rows. */
const foreignSegments: Probe = async (subject) => {
  const model = new CrashFileSystem(await emptyRun());
  const options = { fileSystem: model, signal };
  const problems: string[] = [];
  await model.makeFolder(SPOOL);
  await model.open(`${SPOOL}/epoch-9999999999.json`, 'create-exclusive');
  for (const shape of [
    { ...SHAPE, taskDigest: 'cd'.repeat(32) },
    { ...SHAPE, dim: 4 },
    { ...SHAPE, rows: 8 },
  ]) {
    const spool = await subject.openSpool(SPOOL, shape, CLAIM, options);
    if (spool.recoveredRows > 0) problems.push('rows of another task were taken up');
    await spool.append([0], new Float32Array(shape.dim));
    await spool.close();
  }
  const own = await subject.openSpool(SPOOL, SHAPE, CLAIM, options);
  if (own.recoveredRows > 0) problems.push('rows of another task were taken up');
  await own.append([0, 1], vectorsOf([0, 1]));
  const lacking = await errorOf(() => own.finish());
  if (lacking?.type !== FailureType.RunSpoolIncomplete)
    problems.push(`a spool that lacks rows was finished: ${String(lacking)}`);
  const other = await subject.openSpool(SPOOL, SHAPE, CLAIM, options);
  await other.append([2, 3, 4, 5, 6], vectorsOf([2, 3, 4, 5, 6]));
  const segments = await other.finish();
  const wrong = [
    segments.slice(0, 1),
    segments.map((segment) => ({ ...segment, name: `../${basename(SPOOL)}/${segment.name}` })),
  ];
  for (const named of wrong) {
    const error = await errorOf(() => subject.SpoolRows.open(SPOOL, SHAPE, named, { fileSystem: model, waitMs: 0 }));
    const isRight =
      error?.type === FailureType.RunSpoolIncomplete && /no segment holds|is not the name/u.test(error.message);
    if (!isRight) problems.push(`wrong segments were opened: ${String(error)}`);
  }
  if (other.epoch !== 5) problems.push(`the fifth attempt holds epoch ${other.epoch}`);
  const wrongBatches: [number[], number[]][] = [
    [[0, 1], [0]],
    [[SHAPE.rows], [0]],
    [[0.5], [0]],
  ];
  for (const [ordinals, rows] of wrongBatches) {
    const error = await errorOf(() => other.append(ordinals, vectorsOf(rows)));
    if (!(error instanceof RangeError)) problems.push(`rows ${ordinals.join()} were appended: ${String(error)}`);
  }
  return problems;
};

/** A log of skipped records damaged at every byte, in place of another, or under another name; marks of failures torn. */
const damagedLogs: Probe = async (subject) => {
  const problems: string[] = [];
  const skipping = async (ordinal: number) => {
    const model = new CrashFileSystem(await emptyRun());
    const spool = await subject.openSpool(SPOOL, SHAPE, CLAIM, { fileSystem: model, signal });
    await spool.skip([{ ordinal, id: `record ${ordinal}`, reason: 'it is bad' }]);
    const rest = ROWS.filter((row) => row !== ordinal);
    await spool.append(rest, vectorsOf(rest));
    await spool.finish();
    const skips = spool.skips as NonNullable<typeof spool.skips>;
    const path = `${SPOOL}/${skips.name}`;
    return { model, skips, path, bytes: model.disk.tree().get(path) as Buffer };
  };
  const { model, skips, path, bytes } = await skipping(0);
  const other = await skipping(1);
  const damaged = Array.from(bytes, (byte, at) =>
    Buffer.concat([bytes.subarray(0, at), Buffer.of(byte ^ 1), bytes.subarray(at + 1)]),
  );
  for (const found of [...damaged, bytes.subarray(0, -1), other.bytes]) {
    const disk = model.disk.copy();
    disk.files.set(disk.find(path) as number, found);
    const fileSystem = new CrashFileSystem(disk);
    const error = await errorOf(() => subject.readSkips(SPOOL, SHAPE, skips, { fileSystem, waitMs: 0 }));
    if (error?.type !== FailureType.RunSpoolIncomplete) problems.push(`a damaged log was read: ${String(error)}`);
    const next = await errorOf(async () =>
      (await subject.openSpool(SPOOL, SHAPE, CLAIM, { fileSystem, signal })).close(),
    );
    if (next !== undefined) problems.push(`a damaged log stops the next attempt: ${next.message}`);
  }
  const named = { ...skips, name: `../${basename(SPOOL)}/${skips.name}` };
  const error = await errorOf(() => subject.readSkips(SPOOL, SHAPE, named, { fileSystem: model, waitMs: 0 }));
  if (error?.message.includes('is not the name') !== true) problems.push(`a log elsewhere was read: ${String(error)}`);

  await subject.recordFailure(SPOOL, { epoch: 1, rowsBefore: 0, rowsAfter: 0 }, model);
  const torn = await model.open(`${SPOOL}/fail-0000000002.json`, 'create-exclusive');
  await torn.write(Buffer.from('{"epoch":2}'), 0);
  const count = await subject.countFruitlessFailures(SPOOL, model);
  if (count !== 1) problems.push(`one failure and a torn mark count as ${count}`);
  return problems;
};

interface Published {
  error: (Error & { type?: string; code?: string }) | undefined;
  model: CrashFileSystem;
  bytes: Buffer | undefined;
  left: string[];
}

async function publish(
  { publishCheckpoint }: Subject,
  given: {
    faults?: FaultyOptions;
    content?: CheckpointContent;
    prepare?: (model: CrashFileSystem) => Promise<unknown>;
    path?: string;
  },
): Promise<Published> {
  const model = new CrashFileSystem(await emptyRun());
  await given.prepare?.(model);
  const fileSystem = new FaultyFileSystem(given.faults, model);
  const path = given.path ?? CHECKPOINT;
  const error = await errorOf(() => publishCheckpoint(path, given.content ?? content(), { fileSystem }));
  const tree = model.disk.tree();
  return { error, model, bytes: tree.get(path), left: [...tree.keys()].filter((name) => name !== path) };
}

async function soundBytes(subject: Subject, made = content()): Promise<Buffer> {
  const { bytes, error } = await publish(subject, { content: made });
  if (bytes === undefined) throw new Error(`not published: ${String(error)}`);
  return bytes;
}

/** Bytes that change on their way to the disk: once is made up for, always is told, neither is published. */
const tampered: Probe = async (subject) => {
  const sound = await soundBytes(subject);
  const problems: string[] = [];
  for (const [what, chosen] of [
    ['data', (bytes: Uint8Array) => bytes.length > 100],
    ['the mark of completion', (bytes: Uint8Array) => bytes.length === 13],
  ] as const) {
    for (const times of [1, Infinity]) {
      let left: number = times;
      const tamper = (bytes: Uint8Array): Uint8Array => {
        if (!chosen(bytes) || left-- <= 0) return bytes;
        const changed = Uint8Array.from(bytes);
        changed[bytes.length >> 1] = (changed[bytes.length >> 1] ?? 0) ^ 1;
        return changed;
      };
      const { bytes, error, left: others } = await publish(subject, { faults: { tamper } });
      if (bytes !== undefined && !bytes.equals(sound)) problems.push(`${what} that changed was published`);
      if (times === 1 && error !== undefined) problems.push(`${what} that changed once: ${error.message}`);
      if (times > 1 && error?.code !== 'WRITE_VERIFICATION') problems.push(`${what} that changes: ${String(error)}`);
      if (others.length > 0) problems.push(`${others.join()} left over`);
    }
  }
  return problems;
};

/** Writes that replace what was written before are said to be done, and are not. */
const lostOverwrites: Probe = async (subject) => {
  const model = new CrashFileSystem(await emptyRun());
  const open: FileSystem['open'] = async (path, mode) => {
    const file = await model.open(path, mode);
    const write = async (bytes: Uint8Array, position: number) =>
      position < (await file.size()) ? bytes.length : file.write(bytes, position);
    return { ...methodsOf(file), write };
  };
  const error = await errorOf(() =>
    subject.publishCheckpoint(CHECKPOINT, content(), { fileSystem: { ...systemOf(model), open } }),
  );
  const wasFound = error?.code === 'WRITE_VERIFICATION' && model.disk.tree().size === 0;
  return wasFound ? [] : [`a checkpoint that was never marked complete: ${String(error)}`];
};

/** What is at the target before. */
const takenTarget: Probe = async (subject) => {
  const problems: string[] = [];
  const put = (bytes: Buffer) => async (model: CrashFileSystem) => {
    const file = await model.open(CHECKPOINT, 'create-exclusive');
    await file.write(bytes, 0);
  };
  const unfinished = Buffer.from(await soundBytes(subject));
  const others: [string, Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['no checkpoint', Buffer.from('somebody wrote this')],
    ['one with other ids', await soundBytes(subject, content({ ids: ['a', 'b', 'x'] }))],
    ['a damaged one', Buffer.concat([unfinished, Buffer.from('x')])],
  ];
  const unfinishedBytes = await unfinishedFile(subject);
  if (unfinishedBytes !== undefined) others.push(['an unfinished one', unfinishedBytes]);
  for (const links of [true, false]) {
    const faults: FaultyOptions = {
      fault: ({ operation }) => (operation === 'link' && !links ? { errno: 'EPERM' } : undefined),
    };
    for (const [what, bytes] of others) {
      const { error, bytes: now, left } = await publish(subject, { faults, prepare: put(bytes) });
      if (error?.code !== 'TARGET_TAKEN') problems.push(`${what} at the target: ${String(error)}`);
      if (now?.equals(bytes) !== true) problems.push(`${what} at the target was replaced`);
      if (left.length > 0) problems.push(`${left.join()} left over`);
    }
    const same = await soundBytes(subject, content({}, 2));
    const kept = await publish(subject, { faults, prepare: put(same) });
    if (kept.error !== undefined || kept.bytes?.equals(same) !== true)
      problems.push(`the same checkpoint at the target: ${String(kept.error)}`);
    const folder = await publish(subject, { faults, prepare: (model) => model.makeFolder(CHECKPOINT) });
    if (folder.error?.code !== 'TARGET_TAKEN') problems.push(`a folder at the target: ${String(folder.error)}`);
  }
  return problems;
};

/** A target that is there when it is to be named, and gone when it is looked at: worth another try. */
const vanishingTarget: Probe = async (subject) => {
  const model = new CrashFileSystem(await emptyRun());
  let looks = 0;
  const stat: FileSystem['stat'] = async (path) => {
    const found = await model.stat(path);
    return path !== CHECKPOINT || looks++ > 0 ? found : { size: 1, isFile: true, inode: 0n, links: 1, modifiedNs: 0n };
  };
  const link: FileSystem['link'] = async () => {
    throw Object.assign(new Error('EEXIST'), { code: 'EEXIST', syscall: 'link' });
  };
  const fileSystem = { ...systemOf(model), stat, link };
  const error = await errorOf(() => subject.publishCheckpoint(CHECKPOINT, content(), { fileSystem }));
  return error?.code === 'ENOENT' ? [] : [`a target that has gone: ${String(error)}`];
};

/** The bytes of a checkpoint that was not marked complete. */
async function unfinishedFile(subject: Subject): Promise<Buffer | undefined> {
  let seen: Buffer | undefined;
  const model = new CrashFileSystem(await emptyRun());
  const fileSystem = new FaultyFileSystem(
    {
      fault: ({ operation, path }) => {
        if (operation === 'sync') seen ??= Buffer.from(model.disk.tree().get(path) ?? []);
        return undefined;
      },
    },
    model,
  );
  await subject.publishCheckpoint(CHECKPOINT, content(), { fileSystem });
  return seen;
}

function nucleotides(value: number): CheckpointContent {
  const rows = { rows: 1, dim: 768, read: (_: number, __: number, into: Float32Array) => void into.fill(value) };
  return { kind: 'nucleotide', ids: ['a'], rows };
}

/** Content that no checkpoint may hold. */
const badContent: Probe = async (subject) => {
  const { rows } = content();
  const bad: [string, CheckpointContent, string?][] = [
    ['NaN', content({}, NaN)],
    ['an infinity', content({}, Infinity)],
    ['NaN in a row by itself', nucleotides(NaN), `${RUN}/x.pt`],
    ['fewer ids than rows', content({ ids: ['a', 'b'] })],
    ['no rows', content({ ids: [], rows: { ...rows, rows: 0 } })],
    ['a dimension of another kind', content({ rows: { ...rows, dim: 3328 } })],
    ['a name of another kind', content(), `${RUN}/x_ESM.pt`],
  ];
  const problems: string[] = [];
  for (const [what, made, path] of bad) {
    const { bytes, error, left } = await publish(subject, { content: made, ...(path && { path }) });
    if (bytes !== undefined || error?.type !== FailureType.CheckpointIncompatible || left.length > 0) {
      problems.push(`${what}: ${String(error)}, left ${left.join()}`);
    }
  }
  return problems;
};

/** link and rename that fail, or that are carried out and reported as failed. */
const lyingNames: Probe = async (subject) => {
  const sound = await soundBytes(subject);
  const problems: string[] = [];
  for (const errno of ['EIO', 'EEXIST', 'EPERM', 'ETIMEDOUT']) {
    const { error, bytes, left } = await publish(subject, {
      faults: { fault: ({ operation }) => (operation === 'link' ? { errno, lie: true } : undefined) },
    });
    if (error !== undefined || bytes?.equals(sound) !== true || left.length > 0)
      problems.push(`link lies (${errno}): ${String(error)}`);
  }
  for (const lie of [true, false]) {
    const { error, bytes, left } = await publish(subject, {
      faults: {
        fault: ({ operation }) => {
          if (operation === 'link') return { errno: 'EPERM' };
          return operation === 'rename' ? { errno: 'EIO', lie } : undefined;
        },
      },
    });
    if (left.length > 0) problems.push(`${left.join()} left over`);
    if (lie && (error !== undefined || bytes?.equals(sound) !== true)) problems.push(`rename lies: ${String(error)}`);
    if (!lie && (error?.code !== 'EIO' || bytes !== undefined)) problems.push(`rename fails: ${String(error)}`);
  }
  const never = await publish(subject, {
    faults: { fault: ({ operation }) => (operation === 'link' ? { errno: 'EEXIST' } : undefined) },
  });
  if (never.error?.code !== 'EEXIST') problems.push(`link says EEXIST for ever: ${String(never.error)}`);
  return problems;
};

/** Small files that a run relies on: whole, and there once they were said to be. */
const smallFiles: Probe = async (subject) => [
  ...(await smallFilesOn(subject, {})),
  ...(await smallFilesOn(subject, {
    fault: ({ operation }) => (operation === 'link' ? { errno: 'EPERM' } : undefined),
  })),
  ...(await smallFilesOn(subject, {
    fault: ({ operation }) => (operation === 'link' ? { errno: 'EEXIST', lie: true } : undefined),
  })),
];

/** Storage without links holds a name with an empty file until the rename. */
async function smallFilesOn({ createFile, replaceFile }: Subject, faults: FaultyOptions): Promise<string[]> {
  const model = new CrashFileSystem<string>(await emptyRun());
  const storage = new FaultyFileSystem(faults, model);
  const path = `${RUN}/run.json`;
  const problems: string[] = [];
  if (!(await createFile(path, 'first', storage))) problems.push('a file was not created');
  model.note('first');
  await replaceFile(path, 'second', storage);
  model.note('second');
  if (model.disk.tree().size !== 1) problems.push(`${[...model.disk.tree().keys()].join()} left over`);
  if (await createFile(path, 'third', storage)) problems.push('a file was created over another');
  const holdsNames = storage.calls.some(({ operation, path: opened }) => operation === 'open' && opened === path);
  for (const { disk, notes, description } of crashStates(model, { exhaustive: 300, samples: 30, seed: 1 })) {
    const found = disk.tree().get(path)?.toString();
    const early = [undefined, 'first', ...(holdsNames ? [''] : [])];
    const allowed = notes.length === 0 ? early : notes.length === 1 ? ['first', 'second'] : ['second'];
    if (!allowed.includes(found)) problems.push(`${description}: ${found}`);
  }
  return problems;
}

/** A file that another process created, and died before its name was durable. */
const foundFile: Probe = async ({ createFile }) => {
  const model = new CrashFileSystem<string>(await emptyRun());
  const path = `${RUN}/run.json`;
  const dying = new FaultyFileSystem(
    { fault: ({ operation }) => (operation === 'syncFolder' ? { errno: 'KILLED' } : undefined) },
    model,
  );
  await errorOf(() => createFile(path, 'first', dying));
  await createFile(path, 'second', model);
  const states = [...crashStates(model, { from: model.journal.length, exhaustive: 300, samples: 30, seed: 1 })];
  return states.flatMap(({ disk, description }) =>
    disk.tree().get(path)?.toString() === 'first' ? [] : [description],
  );
};

function listed({ violations }: Findings): string[] {
  return [...violations].map(([problem, state]) => `${problem} (${state})`);
}

const crashes: Probe = async (subject) => {
  const findings: Findings = { states: 0, violations: new Map() };
  const options = { exhaustive: 40, samples: 4, seed: 3 };
  for (const work of [SKIPPING, ONE_BATCH]) await crashOneLife(subject, work, {}, options, findings);
  return listed(findings);
};

/** What counts is what had been said when the power went, so only those moments are looked at. */
const TOLD = { exhaustive: 4, samples: 1, seed: 3, brief: true, whenTold: true };

const savingKilled: Probe = async (subject) => listed(await crashEverywhere(subject, ONE_BATCH, TOLD, ['save']));

const embeddingKilled: Probe = async (subject) => [
  ...listed(await crashEverywhere(subject, ONE_BATCH, TOLD, ['embed'])),
  ...listed(await crashEverywhere(subject, SKIPPING, TOLD, ['embed'])),
];

const failures: Probe = async (subject) =>
  listed(
    await faultEverywhere(subject, SKIPPING, [{ fault: { errno: 'EIO' } }, { fault: { errno: 'EIO', lie: true } }]),
  );

/** A sync that fails once: the kernel calls the pages clean, so what is told later must not rest on them. */
const failedSyncs: Probe = async (subject) =>
  listed(await faultEverywhere(subject, ONE_BATCH, [{ fault: { errno: 'EIO' }, thenCrash: true, at: ['sync'] }]));

/** What a missing sync shows in. In the order in which they are tried: the cheap ones first. */
export const CRASH_PROBES: Readonly<Record<string, Probe>> = {
  smallFiles,
  foundFile,
  savingKilled,
  crashes,
  embeddingKilled,
};

/** What a missing check shows in. */
export const CHECK_PROBES: Readonly<Record<string, Probe>> = {
  overtaken,
  foreignSegments,
  badContent,
  lyingNames,
  tampered,
  lostOverwrites,
  takenTarget,
  vanishingTarget,
  damagedLogs,
  damagedSegment,
  growingSegment,
  lateFailure,
  failures,
  failedSyncs,
};
