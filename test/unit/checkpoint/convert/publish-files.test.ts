import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FileContent } from '../../../../src/checkpoint/convert/content.ts';
import { publishFiles } from '../../../../src/checkpoint/convert/publish-files.ts';
import type { FaultyOptions } from '../../../support/faulty-file-system.ts';
import { FaultyFileSystem } from '../../../support/faulty-file-system.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

function text(content: string): FileContent {
  const bytes = Buffer.from(content);
  const half = Math.ceil(bytes.length / 2);
  return { bytes: bytes.length, chunks: () => [bytes.subarray(0, half), bytes.subarray(half)] };
}

const WANTED = { 'a.ids.txt': 'one\ntwo\n', 'a.npy': 'values of two rows' };

/** How publishing both files ended on a file system with these faults. */
async function attempt(faults: FaultyOptions, existing: Record<string, string> = {}, signal?: AbortSignal) {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(existing)) writeFileSync(join(folder, name), content);
  const files = Object.entries(WANTED).map(([name, content]) => ({ path: join(folder, name), content: text(content) }));
  const fileSystem = new FaultyFileSystem(faults);
  const [outcome] = await Promise.allSettled([publishFiles(files, { fileSystem, signal })]);
  const names = readdirSync(folder);
  return {
    calls: fileSystem.calls,
    outcomes: outcome.status === 'fulfilled' ? outcome.value.map((file) => file.outcome) : undefined,
    error: outcome.status === 'rejected' ? (outcome.reason as NodeJS.ErrnoException) : undefined,
    files: Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')])),
  };
}

describe('publishFiles', () => {
  it('two files → both there, linked in this order, folder synced last', async () => {
    const { calls, outcomes, files } = await attempt({ shortWrites: 3 });
    expect(outcomes).toEqual(['converted', 'converted']);
    expect(files).toEqual(WANTED);
    const links = calls.filter(({ operation }) => operation === 'link').map(({ path }) => path.split('/').at(-1));
    expect(links).toEqual(['a.ids.txt', 'a.npy']);
    const synced = calls.findLastIndex(({ operation }) => operation === 'syncFolder');
    expect(synced).toBeGreaterThan(calls.findLastIndex(({ operation }) => operation === 'link'));
    const lastFsync = calls.findLastIndex(({ operation }) => operation === 'sync');
    expect(lastFsync).toBeLessThan(calls.findIndex(({ operation }) => operation === 'link'));
  });

  it.each(['EIO', 'ENOSPC'])(
    '%s at any operation → an error or both files; no part of one, nothing temporary',
    async (errno) => {
      const { calls } = await attempt({});
      for (const { number, operation } of calls) {
        const failed = await attempt({ fault: (call) => (call.number === number ? { errno } : undefined) });
        const { outcomes, files } = failed;
        const temporary = Object.keys(files).filter((name) => name.startsWith('.'));
        if (operation !== 'unlink') expect(temporary, `${operation} ${number}`).toEqual([]);
        for (const [name, content] of Object.entries(files)) {
          if (!name.startsWith('.')) expect(content).toBe(WANTED[name as keyof typeof WANTED]);
        }
        // The ids come first: an array without ids is never left behind.
        if ('a.npy' in files) expect(files).toHaveProperty(['a.ids.txt']);
        if (outcomes === undefined) expect(failed.error?.code).toBe(errno);
        else expect(files).toMatchObject(WANTED);
      }
    },
  );

  it('a link whose answer is lost → both files all the same', async () => {
    const { outcomes, files } = await attempt({
      fault: ({ operation }) => (operation === 'link' ? { errno: 'EIO', lie: true } : undefined),
    });
    expect([outcomes, files]).toEqual([['converted', 'converted'], WANTED]);
  });

  it('bytes that read back differently → WRITE_VERIFICATION, nothing is left', async () => {
    const { error, files } = await attempt({ tamper: (bytes) => bytes.map((byte) => byte ^ 1) });
    expect(error).toMatchObject({ code: 'WRITE_VERIFICATION', class: 'corrupted' });
    expect(files).toEqual({});
  });

  it('the same content is there → kept, whether it was there before or comes while writing', async () => {
    expect(await attempt({}, WANTED)).toMatchObject({ outcomes: ['existing', 'existing'], files: WANTED });
    expect(await attempt({}, { 'a.ids.txt': WANTED['a.ids.txt'] })).toMatchObject({
      outcomes: ['existing', 'converted'],
      files: WANTED,
    });
    const raced = await attempt({
      fault: ({ operation, path }) => {
        if (operation === 'link' && path.endsWith('.npy')) writeFileSync(path, WANTED['a.npy']);
        return undefined;
      },
    });
    expect(raced).toMatchObject({ outcomes: ['converted', 'existing'], files: WANTED });
  });

  it('an aborted signal → its reason, nothing is left', async () => {
    const { error, files } = await attempt({}, {}, AbortSignal.abort(new Error('enough')));
    expect([error?.message, files]).toEqual(['enough', {}]);
  });
});
