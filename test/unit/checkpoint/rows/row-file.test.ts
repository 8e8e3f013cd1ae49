import {
  chmodSync,
  existsSync,
  linkSync,
  readdirSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { identityOf, RowFile } from '../../../../src/checkpoint/rows/row-file.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

async function sample(content = 'abcdef') {
  const path = join(await temporaryFolder(), 'x');
  writeFileSync(path, content);
  // Long ago: clocks of file systems tick in milliseconds.
  utimesSync(path, 1_600_000_000, 1_600_000_000);
  return { path, identity: identityOf(statSync(path, { bigint: true })) };
}

async function readBoth(file: RowFile, offset: number, length: number): Promise<string[]> {
  const [first, second] = [Buffer.alloc(length), Buffer.alloc(length)];
  file.readSync(offset, first);
  await file.read(offset, second);
  return [first.toString(), second.toString()];
}

/** 0 where the system does not tell. */
function openDescriptors(): number {
  return existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0;
}

describe('RowFile', () => {
  it('a range → its bytes', async () => {
    const { path, identity } = await sample();
    const file = await RowFile.open(path, identity);
    expect(await readBoth(file, 2, 3)).toEqual(['cde', 'cde']);
    file.close();
  });

  it('another file under the name → not opened', async () => {
    const { path, identity } = await sample();
    const other = await sample();
    renameSync(other.path, path);
    await expect(RowFile.open(path, identity)).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    expect(() => RowFile.openSync(path, identity)).toThrow('changed after it was checked (ino was');
  });

  it.each<[string, (path: string) => void, string]>([
    ['written to', (path) => writeFileSync(path, 'ABCDEF'), 'mtimeNs was'],
    ['truncated', (path) => truncateSync(path, 1), 'ended at byte 2'],
    ['made longer', (path) => truncateSync(path, 100), 'size was 6, is 100'],
  ])('%s after it was opened → FileChangedError', async (_, change, message) => {
    const { path, identity } = await sample();
    const file = await RowFile.open(path, identity);
    change(path);
    expect(() => file.readSync(2, Buffer.alloc(2))).toThrow(message);
    await expect(file.read(2, Buffer.alloc(2))).rejects.toMatchObject({ name: 'FileChangedError' });
    file.close();
  });

  it.each<[string, (path: string) => void]>([
    ['another name', (path) => linkSync(path, `${path}2`)],
    ['no name', (path) => unlinkSync(path)],
    ['another file under its name', (path) => (unlinkSync(path), writeFileSync(path, 'ghijkl'))],
    ['other permissions', (path) => chmodSync(path, 0o400)],
  ])('%s after it was opened → read as before', async (_, change) => {
    const { path, identity } = await sample();
    const file = RowFile.openSync(path, identity);
    change(path);
    expect(await readBoth(file, 0, 6)).toEqual(['abcdef', 'abcdef']);
    file.close();
  });

  it('closed while reads run → they end first, later ones are refused, the descriptor is given back', async () => {
    const { path, identity } = await sample('x'.repeat(1 << 20));
    const before = openDescriptors();
    const file = await RowFile.open(path, identity);
    const into = Buffer.alloc(1 << 20);
    const running = file.read(0, into);
    file.close();
    file.close();
    await running;
    expect(into.equals(Buffer.from('x'.repeat(1 << 20)))).toBe(true);
    expect(() => file.readSync(0, into)).toThrow('after close()');
    await expect(file.read(0, into)).rejects.toThrow('after close()');
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });
});
