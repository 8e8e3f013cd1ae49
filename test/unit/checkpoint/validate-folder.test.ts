import { copyFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { closeCheckpointThreads } from '../../../src/checkpoint/pool.ts';
import { validateFolder } from '../../../src/checkpoint/validate-folder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { vectors, writePt } from '../../support/write-pt.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/checkpoint/', import.meta.url));

afterAll(closeCheckpointThreads);

async function folderWith(...names: string[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of names) copyFileSync(join(fixtures, 'vectors.pt'), join(folder, name));
  return folder;
}

describe('validateFolder', () => {
  it('valid, unfinished, corrupted and incompatible files → the document of the design, exit code 3', async () => {
    const folder = await folderWith('b.pt');
    await writePt(join(folder, 'a.pt'), vectors({ status: 'in_progress' }));
    writeFileSync(join(folder, 'd.pt'), '');
    copyFileSync(join(fixtures, 'list.pt'), join(folder, 'c.pt'));
    const seen: string[] = [];
    const { report, exitCode } = await validateFolder(folder, { onEntry: (entry) => seen.push(entry.path) });
    expect(exitCode).toBe(3);
    expect({ ...report, checkpoints: [] }).toEqual({
      schema: 1,
      directory: folder,
      level: 'structure',
      found: 4,
      valid: 2,
      failed: 2,
      inProgress: 1,
      unavailable: 0,
      checkpoints: [],
    });
    expect(report.checkpoints.map(({ path, result }) => [path, result])).toEqual([
      [`${folder}/a.pt`, 'valid'],
      [`${folder}/b.pt`, 'valid'],
      [`${folder}/c.pt`, 'incompatible'],
      [`${folder}/d.pt`, 'corrupted'],
    ]);
    expect(seen.toSorted()).toEqual(report.checkpoints.map(({ path }) => path));
  });

  it('all valid → 0; otherwise one that cannot be read → 1', async () => {
    const folder = await folderWith('a.pt');
    expect((await validateFolder(folder, { level: 'deep' })).exitCode).toBe(0);
    mkdirSync(join(folder, 'b.pt'));
    const { report, exitCode } = await validateFolder(folder);
    expect([exitCode, report.unavailable, report.failed]).toEqual([1, 1, 0]);
  });

  it('names with a dot in front or .bad- inside, and other endings → not looked at', async () => {
    const folder = await folderWith(
      'a.pt',
      '.a.pt',
      '.a.pt.1-f.tmp',
      'a.pt.bad-2026-01-01T00-00-00Z',
      'a.bad-1.pt',
      'a.pth',
    );
    expect((await validateFolder(folder)).report.found).toBe(1);
  });

  it('folders below → with recursive only, and never those with a dot in front', async () => {
    const folder = await folderWith('b.pt');
    for (const below of ['a', '.virnucpro', 'a/c']) {
      mkdirSync(join(folder, below));
      copyFileSync(join(fixtures, 'vectors.pt'), join(folder, below, 'x.pt'));
    }
    expect((await validateFolder(folder)).report.found).toBe(1);
    const { report } = await validateFolder(folder, { recursive: true });
    expect(report.checkpoints.map(({ path }) => path)).toEqual(
      ['a/c/x.pt', 'a/x.pt', 'b.pt'].map((name) => `${folder}/${name}`),
    );
  });

  it('a folder given with a slash at its end → one slash in paths', async () => {
    const folder = await folderWith('a.pt');
    expect((await validateFolder(`${folder}/`)).report.checkpoints[0]?.path).toBe(`${folder}/a.pt`);
  });

  it('level and required keys → passed on', async () => {
    const folder = await folderWith('a.pt');
    const { report } = await validateFolder(folder, { level: 'header' });
    expect(report.checkpoints[0]?.integrity).toBe('header');
    const reason = "incompatible: missing required keys {'weights'}";
    const strict = await validateFolder(folder, { requireKeys: ['weights'] });
    expect(strict.report.checkpoints[0]?.reason).toBe(reason);
  });

  it('more files than fit one thread task → all of them, in order, nothing changed', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `f${String(index).padStart(3, '0')}.pt`);
    const folder = await folderWith(...names);
    const before = names.map((name) => statSync(join(folder, name), { bigint: true }).ctimeNs);
    const { report } = await validateFolder(folder, { level: 'deep' });
    expect(report.checkpoints.map(({ path }) => path)).toEqual(names.map((name) => `${folder}/${name}`));
    expect(report.valid).toBe(300);
    expect(names.map((name) => statSync(join(folder, name), { bigint: true }).ctimeNs)).toEqual(before);
    expect(readdirSync(folder)).toHaveLength(300);
  });

  it.each([
    ['missing', (folder: string) => join(folder, 'no'), /Folder .*no does not exist/],
    ['a file', (folder: string) => join(folder, 'x'), /x is not a folder/],
    ['without .pt files', (folder: string) => folder, /No checkpoint files \(\*\.pt\) found in /],
  ])('a folder that is %s → RunError.InvalidInput', async (_, at, message) => {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, 'x'), '');
    await expect(validateFolder(at(folder))).rejects.toMatchObject({
      type: 'RunError.InvalidInput',
      message: expect.stringMatching(message) as string,
    });
  });

  it('an aborted signal → rejects with its reason', async () => {
    const reason = new Error('enough');
    await expect(validateFolder(await folderWith('a.pt'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
