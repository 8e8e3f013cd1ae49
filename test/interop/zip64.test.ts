import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { isDict, isList, openFileSource, pyDict, pyList, pyTensor } from '../../src/torch/index.ts';
import { readFloat32Range, readTorchFile, writeTorchFile } from '../../src/torch/index.ts';
import type { PyValue, TorchFile } from '../../src/torch/index.ts';
import { runTorch, torchPythons } from '../support/torch-python.ts';
import { floatTensor, written } from '../support/torch-samples.ts';
import { byteDifferences } from './byte-differences.ts';
import { SparseFile } from './sparse-file.ts';

/** More than 65,535: the classic end record cannot count them. */
const MANY = 70_006;
/** Just more than 4 GiB of float32. */
const HUGE = 2 ** 30 + 3086;
/** Resident memory of a whole process that reads; Node alone takes about 45 MB. */
const MEMORY = 200 << 20;
/** torch.save needs 4.5 GB of memory and half a minute for a storage of 4 GiB, so that only those wait for it who ask. */
const IS_HUGE_WANTED = process.env['VIRNUCPRO_TEST_HUGE'] === '1';

interface Reading {
  readonly bytes: number;
  readonly records: number;
  readonly storages: number;
  readonly integrity: string;
  readonly peakBytes: number;
}

/** Reads in a process of its own, with the built package. */
function measureReading(path: string, level: 'structure' | 'deep'): Reading {
  const script = fileURLToPath(new URL('read-memory.mjs', import.meta.url));
  return JSON.parse(execFileSync(process.execPath, [script, path, level], { encoding: 'utf8' })) as Reading;
}

function reading<T>(path: string, look: (file: TorchFile) => T): T {
  const source = openFileSource(path);
  try {
    return look(readTorchFile(source));
  } finally {
    source.close();
  }
}

function floats(file: TorchFile, value: PyValue | undefined, start: number, count: number): number[] {
  if (typeof value !== 'object' || value?.type !== 'tensor') throw new Error('not a tensor');
  const into = new Float32Array(count);
  readFloat32Range(file, value, start, into);
  return [...into];
}

/** The elements of a list of tensors with one each. */
function elements(file: TorchFile): number[] {
  if (!isList(file.root)) throw new Error('not a list');
  return file.root.parts.flatMap((part) => floats(file, part as PyValue, 0, 1));
}

function expectHugeRead(path: string, small: readonly number[]): void {
  reading(path, (file) => {
    expect(isDict(file.root) && file.root.get('a')).toMatchObject({ dtype: 'float32', shape: [HUGE] });
    if (!isDict(file.root)) return;
    expect(floats(file, file.root.get('a'), HUGE - 3, 3)).toEqual([0, 0, 0]);
    expect(floats(file, file.root.get('b'), 0, 4)).toEqual(small);
    expect(floats(file, file.root.get('e'), 0, 0)).toEqual([]);
  });
}

/** What `fill-huge` of zip64.py saves, under the name that torch gives to what it saves into an object. */
async function writeHuge(path: string): Promise<void> {
  const sink = new SparseFile(path);
  const big = pyTensor({ dtype: 'float32', shape: [HUGE], read: (_, into) => void into.fill(0) });
  const root = pyDict([
    ['a', big],
    ['b', floatTensor([4], () => 1)],
    ['e', pyTensor({ dtype: 'float32', shape: [0], read: () => {} })],
  ]);
  await writeTorchFile(sink, root, { prefix: 'archive' });
  sink.close();
}

/** Bytes from `start` on, or from the end where that is negative. */
function bytesAt(path: string, start: number, count: number): Buffer {
  const bytes = Buffer.alloc(count);
  const descriptor = openSync(path, 'r');
  readSync(descriptor, bytes, 0, count, start < 0 ? statSync(path).size + start : start);
  closeSync(descriptor);
  return bytes;
}

const COUNTED = Array.from({ length: MANY }, (_, index) => index);

describe.each(torchPythons('interop: ZIP64'))('torch $version', (python) => {
  const folder = mkdtempSync(join(tmpdir(), 'torch-zip64-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const many = join(folder, 'many.pt');
  runTorch(python, 'zip64.py', ['save-many', many, String(MANY)]);

  test(`${MANY} storages by torch → every element, in little memory`, () => {
    expect(reading(many, elements)).toEqual(COUNTED);
    const { peakBytes, ...read } = measureReading(many, 'deep');
    const others = reading(many, ({ archive }) => archive.records.filter(({ name }) => !/^data\/\d+$/.test(name)));
    expect(read).toEqual({
      bytes: statSync(many).size,
      records: MANY + others.length,
      storages: MANY,
      integrity: 'verified',
    });
    expect(peakBytes).toBeLessThan(MEMORY);
  });

  test.skipIf(python.release < 1013)(`${MANY} storages by us → torch loads every element`, async () => {
    const list = pyList(MANY, (index) => floatTensor([1], () => index));
    const { bytes } = await written(list, 'many');
    const path = join(folder, 'ours.pt');
    writeFileSync(path, bytes);
    expect(JSON.parse(runTorch(python, 'zip64.py', ['load-many', path]))).toEqual(COUNTED);
    if (python.release >= 2009) expect(byteDifferences(bytes, readFileSync(many))).toEqual([]);
  });

  test.skipIf(python.release < 2006)('a storage beyond 4 GiB by torch, without CRC → read in little memory', () => {
    const path = join(folder, 'hole.pt');
    runTorch(python, 'zip64.py', ['save-huge', path]);
    expectHugeRead(path, [0, 0, 0, 0]);
    const { peakBytes, ...read } = measureReading(path, 'structure');
    expect(read).toMatchObject({ bytes: statSync(path).size, storages: 3, integrity: 'structure' });
    expect(peakBytes).toBeLessThan(MEMORY);
  });

  test.skipIf(!IS_HUGE_WANTED)('a storage beyond 4 GiB by torch (VIRNUCPRO_TEST_HUGE=1) → read, verified', async () => {
    const path = join(folder, 'filled.pt');
    runTorch(python, 'zip64.py', ['fill-huge', path]);
    expectHugeRead(path, [1, 1, 1, 1]);
    const { peakBytes, ...read } = measureReading(path, 'deep');
    expect(read).toMatchObject({ bytes: statSync(path).size, storages: 3, integrity: 'verified' });
    expect(peakBytes).toBeLessThan(MEMORY);
    if (python.release < 2009) return;
    const ours = join(folder, 'ours-filled.pt');
    await writeHuge(ours);
    expect(statSync(ours).size).toBe(statSync(path).size);
    expect(bytesAt(ours, 0, 4096)).toEqual(bytesAt(path, 0, 4096));
    expect(byteDifferences(bytesAt(ours, -4096, 4096), bytesAt(path, -4096, 4096))).toEqual([]);
  });

  test.skipIf(python.release < 2001)('a storage beyond 4 GiB by us → torch maps it', async () => {
    const path = join(folder, 'ours-huge.pt');
    await writeHuge(path);
    const printed = runTorch(python, 'zip64.py', ['load-huge', path], { TORCH_SERIALIZATION_DEBUG: '1' });
    expect(JSON.parse(printed)).toEqual({ shape: [HUGE], last: 0, b: [1, 1, 1, 1], e: [] });
  });
});
