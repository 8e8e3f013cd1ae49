import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { pyDict, pyFloat, pyFloats, pyList, pyTensor, STORAGE_CLASS } from '../../src/torch/index.ts';
import type { TypedDType, Writable } from '../../src/torch/index.ts';
import { describeValue } from '../support/describe-value.ts';
import { runTorch, torchPythons } from '../support/torch-python.ts';
import { patched, readBuffer, sample, written } from '../support/torch-samples.ts';
import { byteDifferences } from './byte-differences.ts';

const pythons = torchPythons('interop: torch reads what is written here');

const KINDS = ['nucleotide', 'protein', 'merged'] as const;

function everyDtype(): Writable {
  const names = Object.keys(STORAGE_CLASS) as TypedDType[];
  return pyDict(
    names.map((dtype) => {
      const read = (_: number, into: Uint8Array): void => into.forEach((__, i) => void (into[i] = i % 2));
      return [dtype, pyTensor({ dtype, shape: [2, 3], read })] as const;
    }),
  );
}

const VALUES: Record<string, Writable> = {
  scalars: pyList(
    12,
    (i) => [null, true, 0, 255, 256, 65_535, 65_536, -1, 2 ** 31, -(2 ** 31) - 1, 2n ** 63n, -(2n ** 80n)][i] ?? null,
  ),
  floats: pyList(4, (i) => pyFloat([1, -0, NaN, Infinity][i] as number)),
  'long-floats': pyFloats(2500, (into) => into.forEach((_, i) => (into[i] = i / 3))),
  strings: pyList(5, (i) => ['', 'héllo', '😀', '\ufffd', '__proto__'][i] as string),
  dtypes: everyDtype(),
  'empty-tensor': pyTensor({ dtype: 'float32', shape: [0, 3328], read: () => {} }),
  'scalar-tensor': pyTensor({ dtype: 'float32', shape: [], read: (_, into) => void into.fill(0) }),
};

const ROWS = [0, 1, 3, 1203];
const SHAPES = [
  [0, 4],
  [1, 1],
  [3, 768],
  [12, 1001],
  [1203, 4],
] as const;

/** Everything that is written, by file name. Python floats apart: torch 1.13 refuses them under weights_only. */
const WITHOUT_FLOATS: Record<string, Writable> = {};
const WITH_FLOATS: Record<string, Writable> = {};
for (const [name, root] of Object.entries(VALUES)) {
  (/floats|scalars/.test(name) ? WITH_FLOATS : WITHOUT_FLOATS)[name] = root;
}
for (const kind of KINDS) {
  for (const rows of ROWS) {
    for (const status of ['complete', 'pending'] as const) {
      const group = kind === 'nucleotide' ? WITH_FLOATS : WITHOUT_FLOATS;
      group[`${kind}-${rows}-${status}`] = sample(kind, { rows, status });
    }
  }
}

async function writeAll(folder: string, roots: Record<string, Writable>): Promise<string[]> {
  const paths: string[] = [];
  for (const [name, root] of Object.entries(roots)) {
    const { bytes } = await written(root, name);
    const path = join(folder, `${name}.pt`);
    writeFileSync(path, bytes);
    paths.push(path);
  }
  return paths;
}

function described(path: string): unknown {
  const file = readBuffer(readFileSync(path), { level: 'deep' });
  return describeValue(file, file.root);
}

describe.skipIf(pythons.length === 0).each(pythons)('torch $version loads ours', (python) => {
  const folder = mkdtempSync(join(tmpdir(), 'torch-ours-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const isCurrent = python.release >= 2001;
  const modes = isCurrent ? ['weights_only', 'mmap'] : [python.release >= 1013 ? 'weights_only' : 'full'];

  async function check(roots: Record<string, Writable>, mode: string): Promise<void> {
    const paths = await writeAll(folder, roots);
    const printed = runTorch(python, 'load_files.py', [mode, ...paths], { TORCH_SERIALIZATION_DEBUG: '1' });
    const theirs = JSON.parse(printed) as unknown[];
    for (const [index, path] of paths.entries()) {
      expect({ path, value: theirs[index] }).toEqual({ path, value: described(path) });
    }
  }

  test.each(modes)('every kind, dtype and shape, complete and in progress, %s → equal values', async (mode) => {
    await check(WITHOUT_FLOATS, mode);
  });

  test.each(isCurrent ? modes : ['full'])('the same with Python floats, %s → equal values', async (mode) => {
    await check(WITH_FLOATS, mode);
  });

  test.skipIf(python.release < 2009)(
    'the written kinds in five shapes → the bytes of torch.save, except serialization_id and its CRC',
    async () => {
      runTorch(python, 'save_kinds.py', [folder, ...SHAPES.flat().map(String)]);
      for (const [rows, dim] of SHAPES) {
        for (const kind of KINDS) {
          const name = `${kind}_${rows}_${dim}`;
          for (const status of ['complete', 'pending'] as const) {
            const { bytes, result } = await written(sample(kind, { rows, dim, status }), name);
            const ours = patched(bytes, result);
            expect([name, byteDifferences(ours, readFileSync(join(folder, `${name}.pt`)))]).toEqual([name, []]);
          }
        }
      }
    },
  );
});
