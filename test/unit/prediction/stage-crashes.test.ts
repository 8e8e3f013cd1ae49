import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cutChunksHere } from '../../../src/prediction/cut-chunks.ts';
import type { RecordedStage } from '../../../src/prediction/paths.ts';
import type { StageRun } from '../../../src/prediction/settle-stage.ts';
import { writeFramesHere } from '../../../src/prediction/write-frames.ts';
import { CrashFileSystem } from '../../support/crash-file-system.ts';
import { crashStates } from '../../support/crash-states.ts';
import { FaultyFileSystem } from '../../support/faulty-file-system.ts';
import { stageScene, type StageScene } from '../../support/stage-scene.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const CONTIGS = `>a\n${'CCCGGGCCGGCC'.repeat(60)}\n>b\n${'CGGCCC'.repeat(5)}\n`;

interface StageCase {
  name: RecordedStage;
  run(run: StageRun): Promise<{ outcome: string }>;
  outputs(scene: StageScene): string[];
  /** Stages that come before it. */
  before: ((run: StageRun) => Promise<unknown>)[];
}

const CASES: StageCase[] = [
  { name: 'chunking', run: cutChunksHere, outputs: ({ paths }) => [paths.chunked], before: [] },
  {
    name: 'translating',
    run: writeFramesHere,
    outputs: ({ paths }) => [paths.nucleotide, paths.protein],
    before: [cutChunksHere],
  },
];

/** Copies a folder of the disk into the model, as it lies there for certain. */
async function modelOf(folder: string): Promise<CrashFileSystem<string>> {
  const filled = new CrashFileSystem();
  await filled.makeFolder(folder);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await filled.makeFolder(path);
  }
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile()) continue;
    const file = await filled.open(path, 'create-exclusive');
    await file.write(await readFile(path), 0);
  }
  return new CrashFileSystem<string>(filled.disk);
}

async function writeTree(tree: ReadonlyMap<string, Buffer>, from: string, to: string): Promise<void> {
  for (const [path, bytes] of tree) {
    const target = join(to, path.slice(from.length));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes);
  }
}

async function prepared({ before }: StageCase): Promise<StageScene> {
  const scene = await stageScene(CONTIGS);
  for (const stage of before) await stage(scene);
  return scene;
}

/** What the stage leaves where nothing goes wrong. */
async function soundOutputs(stage: StageCase): Promise<string[]> {
  const scene = await prepared(stage);
  await stage.run(scene);
  return Promise.all(stage.outputs(scene).map(scene.read));
}

describe.each(CASES)('$name and a loss of power', (stage) => {
  it('at any moment → the next start ends with the right files, and what was promised is found', async () => {
    const sound = await soundOutputs(stage);
    const scene = await prepared(stage);
    const model = await modelOf(scene.directory);
    await stage.run({ ...scene, fileSystem: model });
    model.note('done');
    let states = 0;
    for (const { disk, notes, description } of crashStates(model, {
      ...{ exhaustive: 64, samples: 2, brief: true, seed: 7 },
    })) {
      states += 1;
      const directory = await temporaryFolder();
      await writeTree(disk.tree(), scene.directory, directory);
      const after = { ...scene, directory };
      const { outcome } = await stage.run(after);
      const outputs = await Promise.all(stage.outputs(scene).map((name) => readFile(join(directory, name), 'latin1')));
      expect({ description, outputs }).toEqual({ description, outputs: sound });
      if (notes.length > 0) expect({ description, outcome }).toEqual({ description, outcome: 'found' });
    }
    expect(states).toBeGreaterThan(10);
  });
});

describe.each(CASES)('$name on a disk that fails', (stage) => {
  it.each(['ENOSPC', 'EIO'])('%s at any operation → the errno error; then the next start ends well', async (errno) => {
    const sound = await soundOutputs(stage);
    for (let failing = 1; ; failing++) {
      const scene = await prepared(stage);
      const fileSystem = new FaultyFileSystem({
        fault: ({ number, operation }) => (number === failing && operation !== 'unlink' ? { errno } : undefined),
      });
      const error = await stage.run({ ...scene, fileSystem }).catch((caught: unknown) => caught);
      if (fileSystem.calls.length < failing) break;
      const failed = fileSystem.calls[failing - 1]!;
      if (error instanceof Error)
        expect({ ...failed, code: (error as NodeJS.ErrnoException).code }).toMatchObject({ code: errno });
      expect((await scene.files()).filter((name) => name.endsWith('.tmp'))).toEqual([]);
      await stage.run(scene);
      expect(await Promise.all(stage.outputs(scene).map(scene.read))).toEqual(sound);
    }
  });
});
