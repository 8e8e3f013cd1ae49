import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { cutChunks, splitSequences, translateFrames } from '../../../src/prediction/index.ts';
import { runStages, stageScene } from '../../support/stage-scene.ts';

const CONTIGS = Array.from({ length: 50 }, (_, at) => `>r${at}\n${'CGGCCC'.repeat(100 + at)}\n`).join('');

/** Very many chunks: long enough to be aborted on the way. */
const CHUNKS = 1_600_000;
const LONG = `>long\n${'ACGTTGCA'.repeat(CHUNKS)}\n`;

describe('stages in threads', () => {
  it('the three stages → the same results and files as without a thread', async () => {
    const [threaded, plain] = [await stageScene(CONTIGS), await stageScene(CONTIGS)];
    const context = { ...threaded, onProgress: () => undefined };
    const results = [await cutChunks(context), await translateFrames(context), await splitSequences(context)];
    const { chunking, translating, splitting } = await runStages(plain);
    expect(results).toMatchObject([chunking, translating, { outcome: 'written', parts: splitting.parts }]);
    expect(translating.sequences).toBeGreaterThan(500);
    for (const name of await plain.files()) expect(await threaded.read(name)).toBe(await plain.read(name));
  });

  it('aborted while it writes → the reason, and nothing is left', async () => {
    const scene = await stageScene(LONG, { expectedLength: 8 });
    const controller = new AbortController();
    const reason = new Error('enough');
    const working = cutChunks({
      ...scene,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(working).rejects.toBe(reason);
    expect((await readdir(scene.directory)).filter((name) => name !== '.virnucpro')).toEqual([]);
  });

  it('aborted before it begins → the reason', async () => {
    const scene = await stageScene(CONTIGS);
    const reason = new Error('enough');
    await expect(cutChunks({ ...scene, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('progress → done and total, rising', async () => {
    const scene = await stageScene(LONG, { expectedLength: 8 });
    const told: [number, number | undefined][] = [];
    await cutChunks({ ...scene, onProgress: (done, total) => told.push([done, total]) });
    expect(told.length).toBeGreaterThan(0);
    expect(told.every(([done, total], at) => total === CHUNKS && done >= (told[at - 1]?.[0] ?? 0))).toBe(true);
  });

  it('errors → with their class, type and errno', async () => {
    const scene = await stageScene(CONTIGS);
    await expect(translateFrames(scene)).rejects.toMatchObject({ type: FailureType.RunInvalidInput });
    await scene.write('in_chunked500.fa', '>other\nACGT\n');
    await expect(cutChunks(scene)).rejects.toMatchObject({
      ...{ class: 'incompatible', type: FailureType.CheckpointIncompatible, path: scene.file('in_chunked500.fa') },
    });
    const elsewhere = { ...scene, request: { ...scene.request, inputRoot: '/nowhere' } };
    await expect(cutChunks({ ...elsewhere, directory: join(scene.directory, 'x') })).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  it('a file in the place of DIR → an errno error', async () => {
    const scene = await stageScene(CONTIGS);
    const directory = join(scene.directory, 'file');
    await writeFile(directory, '');
    await expect(cutChunks({ ...scene, directory })).rejects.toMatchObject({
      code: expect.stringMatching(/EEXIST|ENOTDIR/u),
    });
    expect(await readFile(directory, 'utf8')).toBe('');
  });
});
