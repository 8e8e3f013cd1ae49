import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { cutChunksHere } from '../../src/prediction/cut-chunks.ts';
import { pathsOf, type PredictionPaths, type RecordedStage } from '../../src/prediction/paths.ts';
import type { PredictionInputFile, PredictionRequest } from '../../src/prediction/request.ts';
import type { StageRun } from '../../src/prediction/settle-stage.ts';
import { splitSidesHere } from '../../src/prediction/split-sides.ts';
import { readStageRecord, type StageRecord } from '../../src/prediction/stage-record.ts';
import { writeFramesHere } from '../../src/prediction/write-frames.ts';
import { countChunks } from '../../src/sequences/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** The first stages of one input in a folder of their own. */
export interface StageScene extends StageRun {
  paths: PredictionPaths;
  /** Absolute path of a name relative to DIR. */
  file(name: string): string;
  read(name: string): Promise<string>;
  write(name: string, content: string | Uint8Array): Promise<void>;
  record(stage: RecordedStage): Promise<StageRecord | undefined>;
  /** Every file in DIR but what is internal, relative to it, sorted. */
  files(): Promise<string[]>;
}

export const CHUNK_LENGTH = 500;

export interface SceneOptions extends Partial<PredictionRequest> {
  stem?: string;
  /** @default `{stem}.fa` */
  inputName?: string;
  directory?: string;
}

/**
 * @param content of the input file: FASTA, perhaps gzip
 */
export async function stageScene(
  content: string | Uint8Array,
  { stem = 'in', inputName, directory: given, ...more }: SceneOptions = {},
): Promise<StageScene> {
  const inputRoot = await temporaryFolder();
  const directory = given ?? (await temporaryFolder());
  const path = inputName ?? `${stem}.fa`;
  await writeFile(join(inputRoot, path), content);
  const expectedLength = more.expectedLength ?? CHUNK_LENGTH;
  const input = inputFacts(path, stem, Buffer.from(content as Uint8Array), expectedLength);
  const request = requestFor(inputRoot, input, { ...more, expectedLength });
  const file = (name: string): string => join(directory, name);
  const scene = {
    ...{ directory, request, input, file, paths: pathsOf(request, input) },
    signal: new AbortController().signal,
  };
  return {
    ...scene,
    read: (name) => readFile(file(name), 'latin1'),
    write: async (name, text) => {
      await mkdir(dirname(file(name)), { recursive: true });
      await writeFile(file(name), text);
    },
    record: (stage) => readStageRecord(scene, stage),
    files: async () => {
      const names = await readdir(directory, { recursive: true, withFileTypes: true });
      return names
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
        .filter((name) => !name.includes('.virnucpro/') && !name.endsWith('run.json'))
        .toSorted();
    },
  };
}

/** The three stages one after the other. */
export async function runStages(scene: StageRun) {
  const chunking = await cutChunksHere(scene);
  const translating = await writeFramesHere(scene);
  const splitting = await splitSidesHere(scene);
  return { chunking, translating, splitting };
}

function inputFacts(path: string, stem: string, bytes: Buffer, chunkLength: number): PredictionInputFile {
  const gzip = bytes[0] === 0x1f;
  const text = gzip ? gunzipSync(bytes) : bytes;
  const lengths = text
    .toString('latin1')
    .split('>')
    .slice(1)
    .map((record) => record.replace(/^.*\r?\n?/u, '').replaceAll(/\s/gu, '').length);
  return {
    ...{ path, stem, gzip, sha256: createHash('sha256').update(text).digest('hex') },
    contigs: lengths.filter((length) => length > 0).length,
    emptyContigs: lengths.filter((length) => length === 0).length,
    letters: sum(lengths),
    chunks: sum(lengths.map((length) => countChunks(length, chunkLength))),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function requestFor(
  inputRoot: string,
  input: PredictionInputFile,
  more: Partial<PredictionRequest>,
): PredictionRequest {
  const side = (kind: 'nucleotide' | 'protein', dim: number, suffix: string) => ({
    embedder: { name: 'fake', options: { dim: String(dim) }, taskQueue: 'fake' },
    ...{ dim, kind, suffix },
  });
  return {
    ...{ schema: 1, inputRoot, inputs: [input], expectedLength: CHUNK_LENGTH, sequencesPerFile: 10_000 },
    classifier: { path: '/m.pth', sha256: '0'.repeat(64), format: 'module', features: 3328, hidden: 512, classes: 2 },
    nucleotide: side('nucleotide', 768, '_DNABERT_S.pt'),
    protein: side('protein', 2560, '_ESM.pt'),
    ...{ onBadCheckpoint: 'fail', onBadSequence: 'fail', batchSize: null, notes: [] },
    ...{ skipCheckpointValidation: false, keepIntermediate: false },
    ...more,
  };
}
