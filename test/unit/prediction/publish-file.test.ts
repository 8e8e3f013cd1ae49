import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publishFile } from '../../../src/prediction/publish-file.ts';
import { CrashFileSystem } from '../../support/crash-file-system.ts';
import { crashStates } from '../../support/crash-states.ts';
import { FaultyFileSystem } from '../../support/faulty-file-system.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const LINES = ['first line\n', 'second, with ü\n', 'third\n'];
const TEXT = LINES.join('');
const SHA256 = createHash('sha256').update(TEXT).digest('hex');

describe('publishFile', () => {
  it('pieces of text → the file, its size and digest, nothing else in the folder', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'out.txt');
    expect(await publishFile(path, LINES)).toEqual({
      outcome: 'published',
      bytes: Buffer.byteLength(TEXT),
      sha256: SHA256,
    });
    expect(await readFile(path, 'utf8')).toBe(TEXT);
    expect(await readdir(folder)).toEqual(['out.txt']);
  });

  it('several MiB of small pieces, and writes cut short → the same text', async () => {
    const path = join(await temporaryFolder(), 'out.txt');
    const lines = Array.from({ length: 60_000 }, (_, at) => `${at} ${'x'.repeat(50)}\n`);
    const fileSystem = new FaultyFileSystem({ shortWrites: 300_001 });
    await publishFile(path, lines, { fileSystem });
    expect(await readFile(path, 'utf8')).toBe(lines.join(''));
    expect(fileSystem.calls.filter(({ operation }) => operation === 'write').length).toBeGreaterThan(10);
  });

  it('no text → an empty file', async () => {
    const path = join(await temporaryFolder(), 'out.txt');
    expect(await publishFile(path, [])).toMatchObject({ outcome: 'published', bytes: 0 });
    expect(await readFile(path, 'utf8')).toBe('');
  });

  it('the same file is there → existing', async () => {
    const path = join(await temporaryFolder(), 'out.txt');
    await writeFile(path, TEXT);
    expect(await publishFile(path, LINES)).toMatchObject({ outcome: 'existing', sha256: SHA256 });
  });

  it('another file is there → incompatible, and it stays', async () => {
    const path = join(await temporaryFolder(), 'out.txt');
    await writeFile(path, 'mine');
    await expect(publishFile(path, LINES)).rejects.toMatchObject({ class: 'incompatible', code: 'TARGET_TAKEN', path });
    expect(await readFile(path, 'utf8')).toBe('mine');
  });

  it('two at once → one publishes, the other finds it', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'out.txt');
    const results = await Promise.all([publishFile(path, LINES), publishFile(path, LINES)]);
    expect(results.map(({ outcome }) => outcome).toSorted()).toEqual(['existing', 'published']);
    expect(await readdir(folder)).toEqual(['out.txt']);
  });

  it('aborted between two pieces → the reason, and nothing is left', async () => {
    const folder = await temporaryFolder();
    const controller = new AbortController();
    const reason = new Error('enough');
    function* pieces() {
      yield 'a'.repeat(2 << 20);
      controller.abort(reason);
      yield 'b';
    }
    const publishing = publishFile(join(folder, 'out.txt'), pieces(), { signal: controller.signal });
    await expect(publishing).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual([]);
  });

  it('the text cannot be made → its error, and nothing is left', async () => {
    const folder = await temporaryFolder();
    const reason = new Error('no more');
    const pieces = (async function* () {
      yield 'a';
      throw reason;
    })();
    await expect(publishFile(join(folder, 'out.txt'), pieces)).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual([]);
  });

  it('no such folder → ENOENT naming the file', async () => {
    const path = join(await temporaryFolder(), 'none', 'out.txt');
    await expect(publishFile(path, LINES)).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringContaining('out.txt'),
    });
  });
});

describe('publishFile on a disk that fails', () => {
  it.each(['ENOSPC', 'EIO', 'EDQUOT'])(
    '%s at any operation → the errno error naming the file, which is not there or whole',
    async (errno) => {
      for (let failing = 1; ; failing++) {
        const folder = await temporaryFolder();
        const path = join(folder, 'out.txt');
        const fileSystem = new FaultyFileSystem({
          fault: ({ number, operation }) => (number === failing && operation !== 'unlink' ? { errno } : undefined),
        });
        const error = await publishFile(path, LINES, { fileSystem }).catch((caught: unknown) => caught);
        if (fileSystem.calls.length < failing) break;
        if (error instanceof Error) {
          expect(error).toMatchObject({ code: errno, message: expect.stringContaining(path) });
        }
        const left = await readdir(folder);
        expect(left.filter((name) => name !== 'out.txt')).toEqual([]);
        if (left.length > 0) expect(await readFile(path, 'utf8')).toBe(TEXT);
        expect(await publishFile(path, LINES)).toMatchObject({ sha256: SHA256 });
      }
    },
  );

  it('link reported as failed though it was carried out → published', async () => {
    const path = join(await temporaryFolder(), 'out.txt');
    const fileSystem = new FaultyFileSystem({
      fault: ({ operation }) => (operation === 'link' ? { errno: 'EIO', lie: true } : undefined),
    });
    expect(await publishFile(path, LINES, { fileSystem })).toMatchObject({ outcome: 'published' });
  });

  it('a loss of power at any moment → no file or the whole one, and the whole one once it was promised', async () => {
    const model = new CrashFileSystem<string>();
    await model.makeFolder('/dir');
    await model.syncFolder('/');
    await publishFile('/dir/out.txt', LINES, { fileSystem: model });
    model.note('published');
    let states = 0;
    for (const { disk, notes, description } of crashStates(model, { exhaustive: 4096, samples: 50, seed: 1 })) {
      states += 1;
      const content = disk.tree().get('/dir/out.txt')?.toString('utf8');
      expect({ description, content: content ?? TEXT }).toEqual({ description, content: TEXT });
      if (notes.length > 0) expect({ description, content }).toEqual({ description, content: TEXT });
    }
    expect(states).toBeGreaterThan(5);
  });
});
