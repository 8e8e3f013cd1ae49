import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readFailedCheckpoints } from '../../../src/checkpoint/index.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { cutChunksHere } from '../../../src/prediction/cut-chunks.ts';
import { splitSidesHere } from '../../../src/prediction/split-sides.ts';
import { writeFramesHere } from '../../../src/prediction/write-frames.ts';
import { runStages, stageScene, type StageScene } from '../../support/stage-scene.ts';
import { abandonedTemp } from '../../support/temp-names.ts';

/** Codons of these letters never stop, on either strand. */
const OPEN = 'CCCGGGCCGGCC';
const contig = (id: string, length: number) =>
  `>${id} described\n${OPEN.repeat(Math.ceil(length / OPEN.length)).slice(0, length)}\n`;
const TWO = contig('a', 700) + contig('b', 30);

const fastaIds = (text: string) => [...text.matchAll(/^>(.*)$/gmu)].map(([, id]) => id);

describe('chunking', () => {
  it('contigs → chunks under their ids, wrapped at 60, without descriptions', async () => {
    const scene = await stageScene(TWO);
    expect(await cutChunksHere(scene)).toEqual({ outcome: 'written', stem: 'in', contigs: 2, chunks: 3 });
    const text = await scene.read('in_chunked500.fa');
    expect(fastaIds(text)).toEqual(['a_chunk_1', 'a_chunk_2', 'b_chunk_1']);
    expect(text.split('\n')[1]).toHaveLength(60);
    expect(text.endsWith(`${OPEN.repeat(3).slice(0, 30)}\n`)).toBe(true);
    expect(await scene.files()).toEqual(['in_chunked500.fa']);
  });

  it('lower case, CRLF and gzip → letters as they are, lines as ours', async () => {
    const scene = await stageScene(gzipSync('>x\r\nacgtN\r\nACGT\r\n'), { inputName: 'in.fa.gz' });
    await cutChunksHere(scene);
    expect(await scene.read('in_chunked500.fa')).toBe('>x_chunk_1\nacgtNACGT\n');
  });

  it('contigs without a sequence → left out', async () => {
    const scene = await stageScene('>none\n>b\nACGT\n>last\n');
    expect(await cutChunksHere(scene)).toMatchObject({ contigs: 1, chunks: 1 });
    expect(fastaIds(await scene.read('in_chunked500.fa'))).toEqual(['b_chunk_1']);
  });

  it('the input changed since it was checked → RunError.InvalidInput, says what helps, nothing is written', async () => {
    const scene = await stageScene(TWO);
    await writeFile(join(scene.request.inputRoot, 'in.fa'), contig('a', 701));
    const failure = cutChunksHere(scene);
    await expect(failure).rejects.toMatchObject({ type: FailureType.RunInvalidInput });
    // To start again would not help: the folder is bound to the content.
    await expect(failure).rejects.toThrow('put it back, or predict it into another folder');
    expect(await readdir(scene.directory)).toEqual([]);
  });
});

describe('translating', () => {
  it('chunks without stops → six frames each, the same ids in both files, one line a sequence', async () => {
    const scene = await stageScene(contig('a', 99));
    await cutChunksHere(scene);
    expect(await writeFramesHere(scene)).toEqual({ outcome: 'written', stem: 'in', sequences: 6 });
    const ids = ['F1', 'F2', 'F3', 'R1', 'R2', 'R3'].map((frame) => `a_chunk_1${frame}`);
    for (const name of ['in_nucleotide.fa', 'in_protein.faa']) {
      const text = await scene.read(name);
      expect(fastaIds(text)).toEqual(ids);
      expect(text.split('\n')).toHaveLength(13);
    }
  });

  it.each([
    ['only N', '>a\nNNNNNNNNNN\n'],
    ['stops in every frame', `>a\n${'TTAATTAATTAATAA'.repeat(8)}\n`],
    ['no letters at all', '>a\n>b\n'],
  ])('%s → no sequences, two empty files, no parts', async (_, content) => {
    const scene = await stageScene(content);
    const { translating, splitting } = await runStages(scene);
    expect(translating.sequences).toBe(0);
    expect(await scene.read('in_nucleotide.fa')).toBe('');
    expect(await scene.read('in_protein.faa')).toBe('');
    expect(splitting.parts).toBe(0);
    expect((await runStages(scene)).translating.outcome).toBe('found');
  });

  it('the chunks were altered behind its back → corrupted, and nothing is written', async () => {
    const scene = await stageScene(TWO);
    await cutChunksHere(scene);
    await scene.write('in_chunked500.fa', (await scene.read('in_chunked500.fa')).replace('CCC', 'CCA'));
    await expect(writeFramesHere(scene)).rejects.toMatchObject({ class: 'corrupted', code: 'DIGEST' });
    expect(await scene.files()).toEqual(['in_chunked500.fa']);
  });

  it('no record of chunking → RunError.InvalidInput', async () => {
    const scene = await stageScene(TWO);
    await expect(writeFramesHere(scene)).rejects.toMatchObject({ type: FailureType.RunInvalidInput });
  });
});

describe('splitting', () => {
  it('18 sequences, 4 a file → five files a side, the last of two, in order', async () => {
    const scene = await stageScene(TWO, { sequencesPerFile: 4 });
    const { splitting } = await runStages(scene);
    expect(splitting).toMatchObject({ outcome: 'written', parts: 5 });
    for (const side of ['nucleotide', 'protein'] as const) {
      const parts = await Promise.all([1, 2, 3, 4, 5].map((part) => scene.read(scene.paths.split(side, part))));
      expect(parts.map((text) => fastaIds(text).length)).toEqual([4, 4, 4, 4, 2]);
      expect(parts.join('')).toBe(await scene.read(scene.paths[side]));
      expect(splitting[side].inputs).toEqual([1, 2, 3, 4, 5].map((part) => scene.file(scene.paths.split(side, part))));
    }
  });

  it('a side folder → a run folder with a run.json that stays the same', async () => {
    const scene = await stageScene(TWO);
    const first = (await runStages(scene)).splitting;
    expect(first.nucleotide.directory).toBe(scene.file('in_nucleotide'));
    const manifest = JSON.parse(await scene.read('in_nucleotide/run.json')) as { runId: string };
    expect(first.nucleotide.runId).toBe(manifest.runId);
    expect((await splitSidesHere(scene)).nucleotide.runId).toBe(manifest.runId);
    expect(first.protein.runId).not.toBe(manifest.runId);
  });

  it('more than 100 files → a list of them in the side folder', async () => {
    const scene = await stageScene(Array.from({ length: 20 }, (_, at) => contig(`c${at}`, 60)).join(''), {
      sequencesPerFile: 1,
    });
    const { parts, protein } = (await runStages(scene)).splitting;
    expect(parts).toBe(120);
    expect(protein.inputs).toBeUndefined();
    const list = (await scene.read(join('in_protein', protein.inputsFile as string))).trim().split('\n');
    expect(list).toEqual(Array.from({ length: 120 }, (_, at) => scene.file(scene.paths.split('protein', at + 1))));
    expect((await splitSidesHere(scene)).protein.inputsFile).toBe(protein.inputsFile);
  });

  it('split files removed after a success → the same ones again', async () => {
    const scene = await stageScene(TWO, { sequencesPerFile: 4 });
    await runStages(scene);
    const before = await scene.read('in_protein/output_3.fa');
    for (const part of [1, 3, 5]) await rm(scene.file(scene.paths.split('protein', part)));
    expect((await runStages(scene)).splitting).toMatchObject({ outcome: 'written', parts: 5 });
    expect(await scene.read('in_protein/output_3.fa')).toBe(before);
    expect((await scene.record('splitting'))?.outputs).toHaveLength(10);
  });

  it('the sides have other ids → incompatible, naming both', async () => {
    const scene = await stageScene(TWO);
    await cutChunksHere(scene);
    await writeFramesHere(scene);
    const record = (await scene.record('translating'))!;
    const { writeStageRecord } = await import('../../../src/prediction/stage-record.ts');
    const { digestOf } = await import('../../../src/prediction/publish-file.ts');
    const { nodeFileSystem } = await import('../../../src/platform/node-file-system.ts');
    await scene.write('in_protein.faa', (await scene.read('in_protein.faa')).replace('b_chunk_1F2', 'b_chunk_1X2'));
    const changed = await digestOf(nodeFileSystem, scene.file('in_protein.faa'));
    const outputs = record.outputs.map((each) => (each.path === 'in_protein.faa' ? { ...each, ...changed } : each));
    await writeStageRecord(scene, { ...record, outputs, startedAt: new Date() });
    await expect(splitSidesHere(scene)).rejects.toMatchObject({
      class: 'incompatible',
      code: 'IDS_MISMATCH',
      message: expect.stringMatching(/b_chunk_1F2.*b_chunk_1X2/u),
    });
  });
});

describe('starting again', () => {
  const facts = async (scene: StageScene) =>
    Promise.all(
      (await scene.files()).map(async (name) => {
        const { ino, mtimeMs, ctimeMs, size } = await stat(scene.file(name));
        return { name, ino, mtimeMs, ctimeMs, size };
      }),
    );

  it('everything is there → found, and no file is touched', async () => {
    const scene = await stageScene(TWO, { sequencesPerFile: 4 });
    await runStages(scene);
    const before = await facts(scene);
    const { chunking, translating, splitting } = await runStages(scene);
    expect([chunking, translating, splitting].map(({ outcome }) => outcome)).toEqual(['found', 'found', 'found']);
    expect(chunking).toMatchObject({ contigs: 2, chunks: 3 });
    expect(translating.sequences).toBe(18);
    expect(await facts(scene)).toEqual(before);
  });

  it('one of two outputs is missing → only that one is made', async () => {
    const scene = await stageScene(TWO);
    await runStages(scene);
    const before = (await facts(scene)).filter(({ name }) => name !== 'in_protein.faa');
    const text = await scene.read('in_protein.faa');
    await rm(scene.file('in_protein.faa'));
    expect((await runStages(scene)).translating.outcome).toBe('written');
    expect(await scene.read('in_protein.faa')).toBe(text);
    expect((await facts(scene)).filter(({ name }) => name !== 'in_protein.faa')).toEqual(before);
  });

  it.each([
    ['truncated', (text: string) => text.slice(0, -20), 'SIZE', /expected \d+ bytes.*got \d+/u],
    ['altered', (text: string) => text.replace('chunk_1', 'chunk_9'), 'DIGEST', /SHA-256/u],
  ])('an output was %s → corrupted, whatever was to be skipped', async (_, damage, code, message) => {
    for (const onBadCheckpoint of ['fail', 'skip'] as const) {
      const scene = await stageScene(TWO, { onBadCheckpoint });
      await runStages(scene);
      await scene.write('in_protein.faa', damage(await scene.read('in_protein.faa')));
      const damaged = await scene.read('in_protein.faa');
      await expect(writeFramesHere(scene)).rejects.toMatchObject({
        ...{ class: 'corrupted', code, type: FailureType.CheckpointCorrupted, path: scene.file('in_protein.faa') },
        message: expect.stringMatching(message),
      });
      expect(await scene.read('in_protein.faa')).toBe(damaged);
      await expect(writeFramesHere(scene)).rejects.toThrow(
        onBadCheckpoint === 'skip' ? 'only embeddings can be skipped' : 'recompute',
      );
      const { entries } = await readFailedCheckpoints(scene.directory);
      expect(entries.map(({ path }) => path)).toEqual(Array(2).fill(scene.file('in_protein.faa')));
    }
  });

  it('an output was altered, recompute → renamed aside and made again', async () => {
    const scene = await stageScene(TWO, { onBadCheckpoint: 'recompute', sequencesPerFile: 4 });
    await runStages(scene);
    const names = ['in_chunked500.fa', 'in_nucleotide.fa', 'in_protein.faa', 'in_nucleotide/output_2.fa'];
    const sound = await Promise.all(names.map(scene.read));
    for (const name of names) await scene.write(name, (await scene.read(name)).slice(0, -2));
    const { chunking, translating, splitting } = await runStages(scene);
    expect([chunking, translating, splitting].map(({ outcome }) => outcome)).toEqual(['written', 'written', 'written']);
    expect(await Promise.all(names.map(scene.read))).toEqual(sound);
    const aside = (await scene.files()).filter((name) => name.includes('.bad-'));
    expect(aside.map((name) => name.replace(/\.bad-[0-9T.]+Z$/u, ''))).toEqual(names.toSorted());
    expect((await readFailedCheckpoints(scene.directory)).entries).toHaveLength(4);
  });

  it('content is believed → a change that keeps the size is found, a truncated file is not', async () => {
    const scene = await stageScene(TWO, { skipCheckpointValidation: true });
    await runStages(scene);
    await scene.write('in_protein.faa', (await scene.read('in_protein.faa')).toLowerCase());
    expect((await writeFramesHere(scene)).outcome).toBe('found');
    await scene.write('in_protein.faa', 'less');
    await expect(writeFramesHere(scene)).rejects.toMatchObject({ code: 'SIZE' });
  });

  it('the record cannot be read → compared, found, recorded again', async () => {
    const scene = await stageScene(TWO);
    await runStages(scene);
    for (const damage of ['', '{', '{"schema":2}', '[]']) {
      await scene.write(scene.paths.record('chunking'), damage);
      expect((await cutChunksHere(scene)).outcome).toBe('found');
      expect(await scene.record('chunking')).toMatchObject({ facts: { contigs: 2, chunks: 3 } });
    }
  });

  it('outputs of another input under the same name → incompatible', async () => {
    const scene = await stageScene(TWO);
    await runStages(scene);
    const other = await stageScene(contig('a', 700) + contig('c', 30), { directory: scene.directory });
    await expect(cutChunksHere(other)).rejects.toMatchObject({
      class: 'incompatible',
      message: expect.stringContaining('record 3: expected the id "c_chunk_1", found "b_chunk_1"'),
    });
  });

  it('temporary files of a killed attempt → removed', async () => {
    const scene = await stageScene(TWO);
    await runStages(scene);
    const dead = abandonedTemp('in_protein.faa');
    for (const stage of ['chunking', 'translating', 'splitting'] as const)
      await rm(scene.file(scene.paths.record(stage)));
    for (const folder of ['.', 'in_nucleotide', 'in_protein']) await scene.write(join(folder, dead), 'half');
    await runStages(scene);
    expect((await scene.files()).filter((each) => each.endsWith('.tmp'))).toEqual([]);
  });

  it('two processes at once → both end well, with the same files', async () => {
    const scene = await stageScene(Array.from({ length: 40 }, (_, at) => contig(`r${at}`, 900 + at)).join(''), {
      sequencesPerFile: 3,
    });
    for (const stage of [cutChunksHere, writeFramesHere, splitSidesHere]) {
      const results = await Promise.all([stage(scene), stage(scene)]);
      expect(new Set(results.map((result) => JSON.stringify({ ...result, outcome: '' }))).size).toBe(1);
    }
    expect((await scene.files()).filter((name) => name.includes('.tmp'))).toEqual([]);
    expect((await runStages(scene)).splitting.outcome).toBe('found');
  });
});
