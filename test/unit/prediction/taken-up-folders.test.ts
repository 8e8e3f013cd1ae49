import { mkdir, readdir, rm, stat, symlink } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { writeCheckpoint } from '../../../src/checkpoint/index.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { cutChunksHere } from '../../../src/prediction/cut-chunks.ts';
import { existingSplit } from '../../../src/prediction/existing-split.ts';
import { sequencesPerFileOf } from '../../../src/prediction/sequences-per-file.ts';
import { splitSidesHere } from '../../../src/prediction/split-sides.ts';
import { writeFramesHere } from '../../../src/prediction/write-frames.ts';
import type { ScannedInput } from '../../../src/run/inputs.ts';
import { UNBOUND } from '../../support/prediction-scene.ts';
import { runStages, stageScene, type SceneOptions, type StageScene } from '../../support/stage-scene.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const CONTIGS = `>a\n${'CCCGGGCCGGCC'.repeat(60)}\n>b\n${'CGGCCC'.repeat(5)}\n`;

/** A folder as VirNucPro leaves it: the same files, wrapped at `width`, no records, no run.json. */
async function leftBehind(width: number, options: SceneOptions = {}): Promise<StageScene> {
  const scene = await stageScene(CONTIGS, { sequencesPerFile: 4, ...options });
  await runStages(scene);
  await rm(scene.file('.virnucpro'), { recursive: true });
  for (const side of ['nucleotide', 'protein'] as const) {
    await rm(scene.file(`${scene.paths.side(side)}/.virnucpro`), { recursive: true });
    await rm(scene.file(`${scene.paths.side(side)}/run.json`));
  }
  for (const name of await scene.files()) await scene.write(name, wrapped(await scene.read(name), width));
  return scene;
}

function wrapped(fasta: string, width: number): string {
  return fasta.replaceAll(/^>(.*)\n([^>]*)/gmu, (_, header: string, body: string) => {
    const letters = body.replaceAll('\n', '');
    return `>${header} <unknown description>\n${letters.match(new RegExp(`.{1,${width}}`, 'gu'))?.join('\n') ?? ''}\n`;
  });
}

async function contents(scene: StageScene): Promise<Record<string, [string, number]>> {
  const names = await scene.files();
  const entries = names.map(async (name): Promise<[string, [string, number]]> => {
    const { mtimeMs } = await stat(scene.file(name));
    return [name, [await scene.read(name), mtimeMs]];
  });
  return Object.fromEntries(await Promise.all(entries));
}

describe('a folder without records', () => {
  it('the same records, lines of another length → found, and every file as it was', async () => {
    const scene = await leftBehind(33);
    const before = await contents(scene);
    const { chunking, translating, splitting } = await runStages(scene);
    expect([chunking, translating, splitting].map(({ outcome }) => outcome)).toEqual(['found', 'found', 'found']);
    expect(await contents(scene)).toEqual(before);
    const outputs = (await scene.record('splitting'))?.outputs ?? [];
    expect(outputs).toHaveLength(10);
    expect(outputs.every(({ kept }) => kept)).toBe(true);
    expect((await runStages(scene)).splitting.outcome).toBe('found');
  });

  it('letters in the other case → found', async () => {
    const scene = await leftBehind(60);
    await scene.write('in_chunked500.fa', (await scene.read('in_chunked500.fa')).replaceAll('CCC', 'ccc'));
    expect((await cutChunksHere(scene)).outcome).toBe('found');
  });

  it('some files are missing → made beside those that are there', async () => {
    const scene = await leftBehind(60);
    const before = await contents(scene);
    const missing = ['in_protein.faa', 'in_nucleotide/output_2.fa', 'in_protein/output_5.fa'];
    for (const name of missing) await rm(scene.file(name));
    const { chunking, translating, splitting } = await runStages(scene);
    expect([chunking, translating, splitting].map(({ outcome }) => outcome)).toEqual(['found', 'written', 'written']);
    const after = await contents(scene);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    for (const name of Object.keys(before).filter((each) => !missing.includes(each))) {
      expect(after[name]).toEqual(before[name]);
    }
    const made = (await scene.record('splitting'))?.outputs.filter(({ kept }) => kept !== true);
    expect(made?.map(({ path }) => path)).toEqual(['in_nucleotide/output_2.fa', 'in_protein/output_5.fa']);
  });

  it.each([
    [
      'another id',
      (text: string) => text.replace('a_chunk_2', 'a_chunk_3'),
      'record 2: expected the id "a_chunk_2", found "a_chunk_3"',
    ],
    [
      'another letter',
      (text: string) => text.replace('GGCCC', 'GGACC'),
      'record 1 ("a_chunk_1"): another sequence from letter 11 on',
    ],
    [
      'the last record is cut short',
      (text: string) => text.slice(0, -5),
      'record 3 ("b_chunk_1"): another sequence from letter 27 on (30 letters expected, 26 found)',
    ],
    [
      'the last record is missing',
      (text: string) => text.slice(0, text.indexOf('>b')),
      'record 3: expected "b_chunk_1", found the end of the file',
    ],
    ['one record more', (text: string) => `${text}>z\nAC\n`, 'expected the end after 3 records, found "z"'],
    ['nothing', () => '', 'record 1: expected "a_chunk_1", found the end of the file'],
    ['no FASTA', () => '\u0000\u0001', 'expected FASTA, found something else'],
  ])('%s → incompatible, saying where, and the file stays', async (_, change, message) => {
    const scene = await leftBehind(60);
    const changed = change(await scene.read('in_chunked500.fa'));
    await scene.write('in_chunked500.fa', changed);
    await expect(cutChunksHere(scene)).rejects.toMatchObject({
      ...{ class: 'incompatible', path: scene.file('in_chunked500.fa') },
      message: expect.stringContaining(message),
    });
    expect(await scene.read('in_chunked500.fa')).toBe(changed);
    expect(await scene.record('chunking')).toBeUndefined();
  });

  it('a folder in the place of a file → incompatible', async () => {
    const scene = await stageScene(CONTIGS);
    await mkdir(scene.file('in_chunked500.fa'));
    await expect(cutChunksHere(scene)).rejects.toMatchObject({ class: 'incompatible' });
  });

  it('several files that do not belong, recompute → all renamed aside and made', async () => {
    const scene = await leftBehind(60, { onBadCheckpoint: 'recompute' });
    const bad = ['in_nucleotide.fa', 'in_protein/output_1.fa', 'in_protein/output_4.fa'];
    for (const name of bad) await scene.write(name, `>other\nACGT\n`);
    await scene.write('in_protein/output_6.fa', '>surplus\nMA\n');
    const { translating, splitting } = await runStages(scene);
    expect([translating.outcome, splitting.outcome]).toEqual(['written', 'written']);
    const aside = (await scene.files()).filter((name) => name.includes('.bad-'));
    expect(aside.map((name) => name.slice(0, name.indexOf('.bad-')))).toEqual([...bad, 'in_protein/output_6.fa']);
    expect((await runStages(scene)).splitting.outcome).toBe('found');
  });

  it('a split file too many → incompatible', async () => {
    const scene = await leftBehind(60);
    await scene.write('in_nucleotide/output_6.fa', '>surplus\nACGT\n');
    await cutChunksHere(scene);
    await writeFramesHere(scene);
    await expect(splitSidesHere(scene)).rejects.toMatchObject({ class: 'incompatible', code: 'SURPLUS' });
  });

  it('split files of an attempt that was killed → taken up as our own', async () => {
    const scene = await stageScene(CONTIGS, { sequencesPerFile: 4 });
    await runStages(scene);
    await rm(scene.file(scene.paths.record('splitting')));
    await rm(scene.file('in_protein/output_5.fa'));
    expect((await splitSidesHere(scene)).outcome).toBe('written');
    expect((await scene.record('splitting'))?.outputs.filter(({ kept }) => kept)).toEqual([]);
  });
});

describe('existingSplit', () => {
  async function splitFolder(sides: Record<string, readonly number[]>): Promise<StageScene> {
    const scene = await stageScene(CONTIGS, { directory: await temporaryFolder() });
    for (const [side, counts] of Object.entries(sides)) {
      for (const [at, count] of counts.entries()) {
        const records = Array.from({ length: count }, (_, number) => `>${at}.${number} >\nAC\nGT\n`).join('');
        if (count > 0) await scene.write(`in_${side}/output_${at + 1}.fa`, records);
      }
    }
    return scene;
  }

  it.each([
    [{}, undefined],
    [{ nucleotide: [3, 3, 2] }, { sequencesPerFile: 3, atLeast: false }],
    [
      { nucleotide: [3, 3, 3], protein: [3, 3, 3] },
      { sequencesPerFile: 3, atLeast: false },
    ],
    [
      { nucleotide: [3, 3, 1], protein: [3, 3] },
      { sequencesPerFile: 3, atLeast: false },
    ],
    [
      { nucleotide: [5], protein: [5] },
      { sequencesPerFile: 5, atLeast: true },
    ],
    [{ nucleotide: [5] }, { sequencesPerFile: 5, atLeast: true }],
    // The only one left of several may have been the last one.
    [
      { protein: [0, 2], nucleotide: [3, 2] },
      { sequencesPerFile: 3, atLeast: false },
    ],
  ])('%j records a file → %j', async (sides, split) => {
    const scene = await splitFolder(sides);
    expect(await existingSplit(scene.directory, 'in')).toEqual(split);
  });

  it.each([
    [{ nucleotide: [3, 2, 3] }, /output_2\.fa: incompatible: expected 3 sequences as in output_1\.fa, got 2/u],
    [{ nucleotide: [3, 4] }, /output_2\.fa: incompatible: expected 3/u],
    [{ nucleotide: [3, 3], protein: [4, 2] }, /both sides have to be split alike: 3 sequences per file here, 4 in/u],
    [{ nucleotide: [3, 3], protein: [4] }, /both sides/u],
  ])('%j records a file → incompatible', async (sides, message) => {
    const scene = await splitFolder(sides);
    await expect(existingSplit(scene.directory, 'in')).rejects.toMatchObject({
      class: 'incompatible',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    [{ in_protein: [3, 2] }, { sequencesPerFile: 3, atLeast: false }],
    [{ in_merged: [5] }, { sequencesPerFile: 5, atLeast: true }],
  ])('no split files, but checkpoints of %j rows → %j', async (folders, split) => {
    const scene = await splitFolder({});
    for (const [folder, counts] of Object.entries(folders)) {
      await mkdir(scene.file(folder));
      for (const [at, count] of counts.entries()) {
        const ids = Array.from({ length: count }, (_, number) => `${number}`);
        await writeCheckpoint(scene.file(`${folder}/output_${at + 1}_FAKE.pt`), {
          ...{ kind: 'vectors', ids, rows: new Float32Array(count * 4).fill(1), dim: 4 },
        });
      }
    }
    expect(await existingSplit(scene.directory, 'in')).toEqual(split);
  });

  it('a damaged checkpoint and nothing else → not known', async () => {
    const scene = await splitFolder({});
    await scene.write('in_merged/output_1_merged.pt', 'PK');
    expect(await existingSplit(scene.directory, 'in')).toBeUndefined();
  });

  it('a checkpoint that cannot be looked at (ELOOP) → unavailable, naming it: nothing is guessed', async () => {
    const scene = await splitFolder({});
    await mkdir(scene.file('in_merged'));
    await symlink('output_1_merged.pt', scene.file('in_merged/output_1_merged.pt'));
    const failure = { type: FailureType.CheckpointUnavailable, path: scene.file('in_merged/output_1_merged.pt') };
    await expect(existingSplit(scene.directory, 'in')).rejects.toMatchObject(failure);
  });

  it('aborted → its reason, also where only the size of split files is asked for', async () => {
    const scene = await splitFolder({ nucleotide: [3] });
    const reason = new Error('enough');
    const { directory } = scene;
    const asked = { contract: 1 as const, directory, inputs: [], model: 'm.pth' };
    const scanned = [{ stem: 'in' }] as ScannedInput[];
    await expect(sequencesPerFileOf(asked, UNBOUND, scanned, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(await sequencesPerFileOf(asked, UNBOUND, scanned, new AbortController().signal)).toBe(10_000);
    const checkpoints = await splitFolder({});
    await checkpoints.write('in_merged/output_1_merged.pt', 'PK');
    await expect(existingSplit(checkpoints.directory, 'in', AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('other files in the side folder → not counted', async () => {
    const scene = await splitFolder({ nucleotide: [3, 1] });
    for (const name of ['output_0.fa', 'output_3.fa.bad-x', 'output_2_merged.pt', '.output_9.fa.tmp', 'x.fa']) {
      await scene.write(`in_nucleotide/${name}`, '>1\n>2\n>3\n>4\n');
    }
    expect(await existingSplit(scene.directory, 'in')).toEqual({ sequencesPerFile: 3, atLeast: false });
    expect((await readdir(scene.file('in_nucleotide'))).length).toBe(7);
  });
});
