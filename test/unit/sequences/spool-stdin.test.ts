import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { spoolStdin } from '../../../src/sequences/index.ts';
import { FaultyFileSystem } from '../../support/faulty-file-system.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const TEXT = '>a\nACGT\n';
const SHA256 = createHash('sha256').update(TEXT).digest('hex');
const NAME = join(SHA256, 'stdin.fa');

function stream(): Readable {
  return Readable.from([Buffer.from(TEXT.slice(0, 3)), Buffer.from(TEXT.slice(3))]);
}

describe('spoolStdin', () => {
  test('data → stdin.fa in a folder named after their SHA-256; again → the same file', async () => {
    const folder = join(await temporaryFolder(), 'inputs');
    expect(await spoolStdin(stream(), folder)).toBe(join(folder, NAME));
    expect(await spoolStdin(stream(), folder)).toBe(join(folder, NAME));
    expect(await readdir(folder, { recursive: true })).toEqual([SHA256, NAME]);
    expect(await readFile(join(folder, NAME), 'utf8')).toBe(TEXT);
  });

  test('the file is fsynced before it gets its name, the folders after', async () => {
    const fileSystem = new FaultyFileSystem({ halves: true });
    await spoolStdin(stream(), await temporaryFolder(), { fileSystem });
    const names = fileSystem.calls.map(({ operation }) => operation).filter((name) => /sync|rename/iu.test(name));
    expect(names).toEqual(['sync', 'rename', 'syncFolder', 'syncFolder']);
  });

  test('no data → refused, nothing left behind', async () => {
    const folder = await temporaryFolder();
    await expect(spoolStdin(Readable.from([]), folder)).rejects.toMatchObject({ type: FailureType.RunInvalidInput });
    expect(await readdir(folder)).toEqual([]);
  });

  test.each(['open', 'write', 'sync', 'close', 'rename'])('%s fails → its error, no file left behind', async (name) => {
    const folder = await temporaryFolder();
    const fileSystem = new FaultyFileSystem({
      halves: true,
      fault: (call) => (call.operation === name ? { errno: 'ENOSPC' } : undefined),
    });
    await expect(spoolStdin(stream(), folder, { fileSystem })).rejects.toMatchObject({ code: 'ENOSPC' });
    const left = await readdir(folder, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile())).toEqual([]);
  });

  test('abort → its reason, nothing left behind', async () => {
    const folder = await temporaryFolder();
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(spoolStdin(stream(), folder, { signal })).rejects.toThrow('enough');
    expect(await readdir(folder)).toEqual([]);
  });
});
