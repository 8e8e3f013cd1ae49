import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpointSync } from '../../src/checkpoint/open-checkpoint.ts';
import { publishCheckpoint } from '../../src/checkpoint/publish/publish-checkpoint.ts';
import { arrayRowSource } from '../../src/checkpoint/row-source.ts';
import type { WrittenKind } from '../../src/checkpoint/types.ts';
import { validateCheckpointSync } from '../../src/checkpoint/validate-checkpoint.ts';
import { nodeFileSystem } from '../../src/platform/node-file-system.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { runTorch, torchPythons } from '../support/torch-python.ts';
import { byteDifferences } from './byte-differences.ts';

const KINDS: readonly (readonly [kind: WrittenKind, dim: number, name: string])[] = [
  ['nucleotide', 768, 'x_DNABERT_S.pt'],
  ['protein', 2560, 'x_ESM.pt'],
  ['merged', 3328, 'x_merged.pt'],
  ['vectors', 136, 'x_KMER.pt'],
];
const IDS = ['a', 'id|with "marks"', 'ünïcode', 'd'];

function valuesOf(dim: number): Float32Array {
  const values = Float32Array.from({ length: IDS.length * dim }, (_, index) => Math.fround(Math.sin(index) * 1e3));
  values.set([-0, 1.401298464324817e-45, 3.4028234663852886e38]);
  return values;
}

/** Keeps a copy of what a file was at its first fsync, before it is marked complete. */
function keepingUnfinished(copy: string): typeof nodeFileSystem {
  let syncs = 0;
  return {
    ...nodeFileSystem,
    open: async (path, mode) => {
      const file = await nodeFileSystem.open(path, mode);
      return {
        write: (bytes, position) => file.write(bytes, position),
        read: (into, position) => file.read(into, position),
        readSync: (into, position) => file.readSync(into, position),
        size: () => file.size(),
        truncate: (size) => file.truncate(size),
        close: () => file.close(),
        sync: async () => {
          await file.sync();
          if (++syncs === 1) copyFileSync(path, copy);
        },
      };
    },
  };
}

describe.each(torchPythons('interop tests of checkpoints'))('torch $version', (torch) => {
  it('four kinds of ours, unfinished and complete → load, every value the same', async () => {
    const folder = await temporaryFolder();
    const paths: string[] = [];
    const expected: object[] = [];
    for (const [kind, dim, name] of KINDS) {
      const [path, unfinished] = [join(folder, name), join(folder, `unfinished_${name}`)];
      const content = { kind, ids: IDS, rows: arrayRowSource(valuesOf(dim), dim) };
      await publishCheckpoint(path, content, { fileSystem: keepingUnfinished(unfinished) });
      expect(validateCheckpointSync(unfinished, { level: 'deep' })).toMatchObject({
        result: 'valid',
        status: 'in_progress',
      });
      paths.push(path, unfinished);
      const labels = kind === 'nucleotide' ? IDS : null;
      const bits = [...new Int32Array(valuesOf(dim).buffer)];
      const loaded = { ids: IDS, labels, shape: [IDS.length, dim], bits, version: '1.0' };
      expected.push({ ...loaded, status: 'complete' }, { ...loaded, status: 'in_progress' });
    }
    for (const mode of torch.release >= 2001 ? ['read', 'mmap'] : ['read']) {
      const printed = runTorch(torch, 'checkpoint_load.py', [mode, ...paths], { TORCH_SERIALIZATION_DEBUG: '1' });
      expect(JSON.parse(printed)).toEqual(expected);
    }
  });

  /** Saves the four kinds into a folder. @returns the float32 bits of their rows */
  function saveKinds(folder: string): number[][] {
    const wanted = KINDS.map(([kind, dim, name]) => `${kind} ${dim} ${name}`);
    return JSON.parse(runTorch(torch, 'checkpoint_save.py', [folder, ...wanted])) as number[][];
  }

  it('four kinds of torch → valid, every value the same', async () => {
    const folder = await temporaryFolder();
    const saved = saveKinds(folder);
    for (const [index, [kind, dim, name]] of KINDS.entries()) {
      const checkpoint = openCheckpointSync(join(folder, name), { level: 'deep' });
      const { version, status, rows, ids } = checkpoint;
      expect([checkpoint.kind, version, status, rows, checkpoint.dim]).toEqual([kind, '1.0', 'complete', 3, dim]);
      expect(ids).toEqual(['a', 'b', 'c']);
      expect([...new Int32Array(checkpoint.slice().buffer)]).toEqual(saved[index]);
      checkpoint.close();
    }
  });

  it.skipIf(torch.release < 2009)(
    'the content of the four kinds, published → the bytes of torch.save, except serialization_id and its CRC',
    async () => {
      const [theirs, ours] = [await temporaryFolder(), await temporaryFolder()];
      const saved = saveKinds(theirs);
      for (const [index, [kind, dim, name]] of KINDS.entries()) {
        const values = new Float32Array(Int32Array.from(saved[index] as number[]).buffer);
        const rows = arrayRowSource(values, dim);
        await publishCheckpoint(join(ours, name), { kind, ids: ['a', 'b', 'c'], rows });
        const bytes = [ours, theirs].map((folder) => readFileSync(join(folder, name))) as [Buffer, Buffer];
        expect([name, byteDifferences(...bytes)]).toEqual([name, []]);
      }
    },
  );
});
