import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { convertCheckpoint } from '../../src/checkpoint/convert/convert-checkpoint.ts';
import { closeCheckpointThreads } from '../../src/checkpoint/pool.ts';
import { publishCheckpoint } from '../../src/checkpoint/publish/publish-checkpoint.ts';
import { arrayRowSource } from '../../src/checkpoint/row-source.ts';
import type { WrittenKind } from '../../src/checkpoint/types.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Every Python that is looked at; what one lacks, another may have. */
const pythons = (process.env['VIRNUCPRO_PYTHON'] || '/usr/bin/python3').split(':').concat('python3');
const SCRIPT = fileURLToPath(new URL('convert_load.py', import.meta.url));
const LIBRARIES = { npy: 'numpy', safetensors: 'safetensors', pt: 'torch' } as const;
const IDS = ['a', 'id|with "marks"', 'ünïcode', 'd\u2028e'];

afterAll(closeCheckpointThreads);

/** A Python in which the modules can be imported. */
function pythonWith(...modules: string[]): string | undefined {
  return pythons.find((python) => spawnSync(python, ['-c', `import ${modules.join(', ')}`]).status === 0);
}

function load(python: string, path: string): object {
  const [loaded] = JSON.parse(execFileSync(python, [SCRIPT, path], { encoding: 'utf8' })) as [object];
  return loaded;
}

const FOUND = (['npy', 'safetensors', 'pt'] as const).map((format) => {
  const modules = ['numpy', LIBRARIES[format]];
  const python = pythonWith(...new Set(modules));
  if (python === undefined) {
    process.stderr.write(
      `SKIPPED convert to .${format}: no Python with ${modules.join(' and ')} among ${pythons.join(', ')}\n`,
    );
  }
  return { format, python };
});

describe.each(FOUND)('.$format of ours', ({ format, python }) => {
  it.skipIf(python === undefined).each<[WrittenKind, number]>([
    ['nucleotide', 768],
    ['protein', 2560],
    ['merged', 3328],
    ['vectors', 136],
  ])(`a %s checkpoint → ${LIBRARIES[format]} loads shape, type, ids and values`, async (kind, dim) => {
    const folder = await temporaryFolder();
    const values = Float32Array.from({ length: IDS.length * dim }, (_, index) => Math.fround(Math.sin(index) * 1e3));
    values.set([-0, 1.401298464324817e-45, 3.4028234663852886e38]);
    const [input, output] = [join(folder, 'in.pt'), join(folder, `out.${format}`)];
    await publishCheckpoint(input, { kind, ids: IDS, rows: arrayRowSource(values, dim) });
    await convertCheckpoint(input, output);
    const loaded = load(python ?? '', output);
    const sha256 = createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex');
    expect(loaded).toMatchObject({ shape: [IDS.length, dim], ids: IDS, sha256 });
    if (format === 'npy') expect(loaded).toMatchObject({ dtype: '<f4', c: true });
    if (format === 'safetensors') expect(loaded).toMatchObject({ dtype: '<f4', names: ['data'], kind });
    if (format === 'pt') expect(loaded).toMatchObject({ dtype: 'torch.float32', version: '1.0', status: 'complete' });
  });
});
