import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { publishInThread } from '../../../src/activities/publish-pool.ts';
import type { PublishTask } from '../../../src/activities/publish-task.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { scanFile, type FilePart } from '../../../src/sequences/index.ts';
import { openSpool } from '../../../src/spool/index.ts';
import { fasta } from '../../support/run-folder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const RECORDS = 3;
const DIM = 4;
const CLAIM = { host: 'host', pid: 1, workflowId: 'w', activityId: 'a', attempt: 1 };

async function onlyPart(file: string): Promise<PublishTask['part']> {
  const parts: FilePart[] = [];
  await scanFile(file, { sequencesPerFile: 100, onPart: (part) => void parts.push(part) });
  const { ids: _, ...part } = parts[0]!;
  return part;
}

/** A task whose rows are in its spool. */
async function embedded(): Promise<{ directory: string; task: PublishTask }> {
  const directory = await temporaryFolder();
  const inputFile = join(directory, 'a.fa');
  await writeFile(inputFile, fasta('a', RECORDS));
  const part = await onlyPart(inputFile);
  const shape = { taskDigest: 'ab'.repeat(32), rows: RECORDS, dim: DIM };
  const spoolFolder = join(directory, '.virnucpro', 'spool', 'task');
  const spool = await openSpool(spoolFolder, shape, CLAIM, { signal: new AbortController().signal });
  await spool.append([0, 1, 2], new Float32Array(RECORDS * DIM).fill(1));
  const segments = await spool.finish();
  const checkpointFile = join(directory, 'a_FAKE.pt');
  const source = { inputFile, part, gzip: false, chunkLength: null };
  return { directory, task: { ...source, spoolFolder, shape, segments, checkpointFile, kind: 'vectors' } };
}

describe('publishInThread', () => {
  it('rows in the spool → published, the spool is gone; again → existing', async () => {
    const { directory, task } = await embedded();
    const live = new AbortController().signal;
    expect(await publishInThread(task, live)).toMatchObject({ outcome: 'published', rows: RECORDS });
    expect(await readdir(join(directory, '.virnucpro', 'spool'))).toEqual([]);
    expect(await publishInThread(task, live)).toMatchObject({ outcome: 'existing', rows: RECORDS });
  });

  it('aborted while it waits for rows that are gone → ends with the reason, nothing is written', async () => {
    const { directory, task } = await embedded();
    await rm(task.spoolFolder, { recursive: true });
    const attempt = new AbortController();
    const published = publishInThread(task, attempt.signal);
    await sleep(200);
    attempt.abort(new Error('overtaken'));
    await expect(published).rejects.toThrow('overtaken');
    expect(await readdir(directory)).toEqual(['.virnucpro', 'a.fa']);
  });

  it('another attempt publishes and removes the spool while it waits for rows → StaleAttempt, the next one: existing', async () => {
    const { task } = await embedded();
    const live = new AbortController().signal;
    const waiting = { ...task, spoolFolder: `${task.spoolFolder}-gone` };
    const late = publishInThread(waiting, live).catch((error: unknown) => error);
    await sleep(200);
    await publishInThread(task, live);
    expect(await late).toMatchObject({ type: FailureType.RunStaleAttempt });
    expect(await publishInThread(waiting, live)).toMatchObject({ outcome: 'existing', rows: RECORDS });
  });

  it('no rows because a checkpoint is there, which is another one → incompatible, it is left as it is', async () => {
    const { directory, task } = await embedded();
    await publishInThread(task, new AbortController().signal);
    const otherFile = join(directory, 'b.fa');
    await writeFile(otherFile, fasta('b', RECORDS));
    const other = { ...task, inputFile: otherFile, segments: [] };
    const part = await onlyPart(otherFile);
    await mkdir(task.spoolFolder, { recursive: true });
    await expect(publishInThread({ ...other, part }, new AbortController().signal)).rejects.toMatchObject({
      type: FailureType.CheckpointIncompatible,
      message: expect.stringContaining('another file is there'),
    });
  });
});
