import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { findInputs } from '../../../src/sequences/index.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function folderWith(...files: string[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const file of files) {
    await mkdir(join(folder, file, '..'), { recursive: true });
    await writeFile(join(folder, file), '>a\nA\n');
  }
  return folder;
}

async function find(folder: string, args: string[], options: { recursive?: boolean; exclude?: string } = {}) {
  const absolute = args.map((argument) => join(folder, argument));
  const found = await findInputs(absolute, { recursive: options.recursive ?? false, exclude: options.exclude });
  return found.map(({ path, stem }) => `${relative(folder, path)} ${stem}`);
}

describe('findInputs', () => {
  test('a folder → its FASTA files, plain or .gz, sorted; no dot files, no others', async () => {
    const names = ['b.fa', 'a.fasta', 'c.fna', 'd.ffn', 'e.faa', 'f.fas', 'g.fa.gz', 'H.FASTA.GZ'];
    const folder = await folderWith(...names, '.hidden.fa', 'notes.txt', 'x.fa.bak', 'y.fastq', 'sub/z.fa', 'w.gz');
    expect(await find(folder, ['.'])).toEqual([
      'H.FASTA.GZ H',
      'a.fasta a',
      'b.fa b',
      'c.fna c',
      'd.ffn d',
      'e.faa e',
      'f.fas f',
      'g.fa.gz g',
    ]);
  });

  test('recursive → folders below too, except hidden ones, links to folders and the output folder', async () => {
    const folder = await folderWith('a.fa', 'sub/b.fa', 'sub/deep/c.fa', '.git/d.fa', 'out/e.fa', 'out/sub/f.fa');
    await symlink(folder, join(folder, 'sub', 'loop'));
    await symlink(join(folder, 'a.fa'), join(folder, 'sub', 'link.fa'));
    const found = await find(folder, ['.'], { recursive: true, exclude: join(folder, 'out') });
    expect(found).toEqual(['a.fa a', 'sub/b.fa b', 'sub/deep/c.fa c', 'sub/link.fa link']);
  });

  test('output folder that starts like another one → only itself is left out', async () => {
    const folder = await folderWith('out/a.fa', 'outer/b.fa');
    const found = await find(folder, ['.'], { recursive: true, exclude: join(folder, 'out') });
    expect(found).toEqual(['outer/b.fa b']);
  });

  test('a named file → taken whatever its name, also inside the output folder', async () => {
    const folder = await folderWith('contigs.txt', 'reads', 'out/x.fa');
    expect(await find(folder, ['reads', 'contigs.txt', 'out/x.fa'], { exclude: join(folder, 'out') })).toEqual([
      'contigs.txt contigs.txt',
      'out/x.fa x',
      'reads reads',
    ]);
  });

  test('the same file twice → once', async () => {
    const folder = await folderWith('a.fa', 'b.fa');
    expect(await find(folder, ['a.fa', '.', './a.fa'])).toEqual(['a.fa a', 'b.fa b']);
  });

  test('several arguments that give nothing → refused, all listed', async () => {
    const folder = await folderWith('empty/readme.md', 'a.fa');
    const error = await find(folder, ['none.fa', 'a.fa', 'empty']).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ type: FailureType.RunInvalidInput });
    expect((error as Error).message.split('\n')).toEqual([
      `${join(folder, 'none.fa')}: no such file or folder`,
      `${join(folder, 'empty')}: no FASTA file in this folder (.fa .fasta .fna .ffn .faa .fas, also .gz); --recursive also looks below`,
    ]);
  });

  test('no argument → refused', async () => {
    await expect(findInputs([], { recursive: false })).rejects.toMatchObject({ type: FailureType.RunInvalidInput });
  });

  test('a link to nothing in a folder → not an input', async () => {
    const folder = await folderWith('a.fa');
    await symlink(join(folder, 'gone'), join(folder, 'b.fa'));
    expect(await find(folder, ['.'])).toEqual(['a.fa a']);
  });
});
