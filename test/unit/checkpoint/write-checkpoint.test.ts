import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/checkpoint/open-checkpoint.ts';
import { closeCheckpointThreads } from '../../../src/checkpoint/pool.ts';
import { writeCheckpoint } from '../../../src/checkpoint/write-checkpoint.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

afterAll(closeCheckpointThreads);

const content = { kind: 'vectors', ids: ['a', 'b'], rows: Float32Array.of(1, 2, 3, 4, 5, 6), dim: 3 } as const;

describe('writeCheckpoint', () => {
  it('values in memory → a checkpoint with these rows; again → existing', async () => {
    const path = join(await temporaryFolder(), 'x_KMER.pt');
    expect(await writeCheckpoint(path, content)).toMatchObject({ outcome: 'published', path, rows: 2, dim: 3 });
    expect(await writeCheckpoint(path, content)).toMatchObject({ outcome: 'existing' });
    const checkpoint = await openCheckpoint(path);
    expect(checkpoint.slice()).toEqual(content.rows);
    checkpoint.close();
  });

  it('values in a SharedArrayBuffer → the same', async () => {
    const rows = new Float32Array(new SharedArrayBuffer(24));
    rows.set(content.rows);
    const path = join(await temporaryFolder(), 'x.pt');
    expect(await writeCheckpoint(path, { ...content, rows })).toMatchObject({ outcome: 'published' });
  });

  it('a folder that does not exist → the errno error, as outside a thread', async () => {
    const path = join(await temporaryFolder(), 'no', 'x.pt');
    await expect(writeCheckpoint(path, content)).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' });
  });

  it('something else at the path → CheckpointError, as outside a thread', async () => {
    const path = join(await temporaryFolder(), 'x.pt');
    mkdirSync(path);
    await expect(writeCheckpoint(path, content)).rejects.toMatchObject({
      type: 'CheckpointError.Incompatible',
      class: 'incompatible',
      code: 'TARGET_TAKEN',
      path,
    });
  });

  it('values that are not whole rows → RangeError', async () => {
    const path = join(await temporaryFolder(), 'x.pt');
    await expect(writeCheckpoint(path, { ...content, dim: 4 })).rejects.toThrow(
      new RangeError('6 values are not rows of 4'),
    );
  });

  it('aborted before and while it writes → rejects with the reason, nothing left', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'x.pt');
    const reason = new Error('enough');
    await expect(writeCheckpoint(path, content, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const large = { ...content, rows: new Float32Array(2 << 24).fill(1), dim: 1 << 24 };
    const writing = writeCheckpoint(path, large, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 30);
    await expect(writing).rejects.toBe(reason);
    expect(readdirSync(folder)).toEqual([]);
  });
});
