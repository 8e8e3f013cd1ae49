import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestFile, digestInThread } from '../../../../src/checkpoint/publish/digest.ts';
import { publishCheckpoint } from '../../../../src/checkpoint/publish/publish-checkpoint.ts';
import { arrayRowSource } from '../../../../src/checkpoint/row-source.ts';
import type { OpenFile } from '../../../../src/platform/file-system.ts';
import { nodeFileSystem } from '../../../../src/platform/node-file-system.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const SIZE = (3 << 20) + 5;
/** Across the end of a chunk, and at both ends of the file. */
const patches = [0, (1 << 20) - 2, SIZE - 3].map((offset) => ({ offset, bytes: Buffer.from([1, 2, 3]) }));

async function openNew(): Promise<{ file: OpenFile; content: Buffer }> {
  const path = join(await temporaryFolder(), 'file');
  const content = Buffer.alloc(SIZE, 'content');
  writeFileSync(path, content);
  return { file: await nodeFileSystem.open(path, 'read'), content };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('digest', () => {
  it('a file and patches across chunks → the digest of what it will be, here and in a thread', async () => {
    const { file, content } = await openNew();
    for (const { offset, bytes } of patches) bytes.copy(content, offset);
    expect(await digestFile(file, SIZE, patches)).toBe(sha256(content));
    const pending = digestInThread(file, SIZE, patches, 0);
    expect(await pending?.done).toBe(sha256(content));
    await pending?.stop();
    await file.close();
  });

  it('a file that is shorter than it should be → no digest from the thread', async () => {
    const { file } = await openNew();
    const pending = digestInThread(file, SIZE + 1, [], 0);
    expect(await pending?.done).toBeUndefined();
    await pending?.stop();
    await file.close();
  });

  it('stopped while it reads → no digest, and the thread has ended', async () => {
    const { file } = await openNew();
    const pending = digestInThread(file, SIZE, [], 0);
    await pending?.stop();
    expect(await pending?.done).toBeUndefined();
    await file.close();
  });

  it('a small file, or one that is none of the operating system → no thread', async () => {
    const { file } = await openNew();
    expect(digestInThread(file, SIZE, [])).toBeUndefined();
    expect(digestInThread({ ...file, descriptor: undefined }, SIZE, [], 0)).toBeUndefined();
    await file.close();
  });

  it('a checkpoint so large that a thread digests it → the digest of its final bytes', async () => {
    const dim = 1 << 20;
    const rows = arrayRowSource(new Float32Array(18 * dim).fill(0.5), dim);
    const ids = Array.from({ length: 18 }, (_, row) => `r${row}`);
    const path = join(await temporaryFolder(), 'large.pt');
    const { sha256: digest } = await publishCheckpoint(path, { kind: 'vectors', ids, rows });
    expect(digest).toBe(sha256(readFileSync(path)));
  });
});
