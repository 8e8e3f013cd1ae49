import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { arrayRowSource, publishCheckpoint, validateCheckpointSync } from '../../src/checkpoint/index.ts';
import type { WrittenKind } from '../../src/checkpoint/index.ts';
import type { Ended } from '../support/documented-project.ts';
import { DocumentedProject } from '../support/documented-project.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/checkpoint/', import.meta.url));
const FIXTURES = fileURLToPath(new URL('../fixtures/checkpoint/', import.meta.url));

let project: DocumentedProject;
beforeEach(() => {
  project = new DocumentedProject();
});
afterEach(() => project.remove());

/** Runs an example as a user would who copied it into a project. */
function run(name: string, ...args: string[]): Promise<Ended> {
  copyFileSync(join(EXAMPLES, name), join(project.folder, name));
  return project.run(process.execPath, [name, ...args]);
}

async function publish(name: string, kind: WrittenKind, dim: number, values: (row: number) => number): Promise<void> {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  const rows = Float32Array.from({ length: ids.length * dim }, (_, index) => {
    return values(Math.floor(index / dim)) + (index % dim);
  });
  await publishCheckpoint(join(project.folder, name), { kind, ids, rows: arrayRowSource(rows, dim) });
}

const EXPECTED: Readonly<Record<string, () => Promise<void>>> = {
  'write-and-read.mjs': async () => {
    expect(await run('write-and-read.mjs', 'sample_KMER.pt')).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: 'published: sample_KMER.pt, 2821 bytes\nvalid, verified\nphage: starts with 0\nhost: starts with 1\n',
    });
  },
  'validate-folder.mjs': async () => {
    await publish('a_KMER.pt', 'vectors', 4, (row) => row);
    expect(await run('validate-folder.mjs', '.')).toMatchObject({
      code: 0,
      stdout: '1 of 1 valid, 0 of them in progress\n',
    });
    writeFileSync(join(project.folder, 'b_ESM.pt'), '');
    expect(await run('validate-folder.mjs', '.')).toMatchObject({
      ...{ code: 3, stdout: '1 of 2 valid, 0 of them in progress\n./b_ESM.pt: corrupted: file is 0 bytes\n' },
    });
    expect(await run('validate-folder.mjs', 'gone')).toMatchObject({ code: 1, stderr: 'Folder gone does not exist\n' });
  },
  'nearest-rows.mjs': async () => {
    await publish('a_KMER.pt', 'vectors', 4, (row) => [0, 5, 0, 1, 100][row] ?? 0);
    const { stdout } = await run('nearest-rows.mjs', 'a_KMER.pt', 'a');
    expect(stdout).toBe('1.0000 c\n0.9759 d\n0.8915 b\n');
    expect(await run('nearest-rows.mjs', 'a_KMER.pt', 'z')).toMatchObject({ code: 1 });
  },
  'convert-folder.mjs': async () => {
    await publish('a_KMER.pt', 'vectors', 4, (row) => row);
    writeFileSync(join(project.folder, 'b_KMER.pt'), '');
    copyFileSync(join(FIXTURES, 'nucleotide_0x.pt'), join(project.folder, 'c_DNABERT_S.pt'));
    const ended = await run('convert-folder.mjs', '.', 'arrays');
    expect(ended).toMatchObject({
      code: 3,
      stdout:
        'converted: arrays/a_KMER.npy [5, 4] float32\nleft out: b_KMER.pt: corrupted: file is 0 bytes\n' +
        'converted: arrays/c_DNABERT_S.npy [2, 768] float32\n',
    });
    const files = ['a_KMER.ids.txt', 'a_KMER.npy', 'c_DNABERT_S.ids.txt', 'c_DNABERT_S.npy'];
    expect(readdirSync(join(project.folder, 'arrays')).toSorted()).toEqual(files);
    expect((await run('convert-folder.mjs', '.', 'arrays')).stdout).toContain('existing: arrays/a_KMER.npy');
  },
  'merge-kinds.mjs': async () => {
    await publish('a_DNABERT_S.pt', 'nucleotide', 768, (row) => row);
    await publish('a_ESM.pt', 'protein', 2560, (row) => -row);
    const { stdout } = await run('merge-kinds.mjs', 'a_DNABERT_S.pt', 'a_ESM.pt', 'a_merged.pt');
    expect(stdout).toBe('published: a_merged.pt [5, 3328]\n');
    expect(validateCheckpointSync(join(project.folder, 'a_merged.pt'), { level: 'deep' })).toMatchObject({
      ...{ result: 'valid', kind: 'merged', rows: 5, dim: 3328 },
    });
    copyFileSync(join(FIXTURES, 'protein_0x.pt'), join(project.folder, 'b_ESM.pt'));
    expect(await run('merge-kinds.mjs', 'a_DNABERT_S.pt', 'b_ESM.pt', 'b_merged.pt')).toMatchObject({ code: 1 });
  },
};

describe('examples/checkpoint', () => {
  it.each(readdirSync(EXAMPLES))('%s → does what its head says', async (name) => {
    expect(Object.keys(EXPECTED)).toContain(name);
    await EXPECTED[name]?.();
  });

  it('the usage in the head of each → names the example', () => {
    for (const name of readdirSync(EXAMPLES)) {
      expect(readFileSync(join(EXAMPLES, name), 'utf8')).toContain(`//   node examples/checkpoint/${name} `);
    }
  });
});
