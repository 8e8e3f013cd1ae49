import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { convertCheckpoint } from '../../../../src/checkpoint/convert/convert-checkpoint.ts';
import { openCheckpointSync } from '../../../../src/checkpoint/open-checkpoint.ts';
import { closeCheckpointThreads } from '../../../../src/checkpoint/pool.ts';
import { validateCheckpointSync } from '../../../../src/checkpoint/validate-checkpoint.ts';
import { pyDict, pyFloats, pyList } from '../../../../src/torch/index.ts';
import type { Writable } from '../../../../src/torch/index.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { strings, vectors, writePt } from '../../../support/write-pt.ts';

/** Checkpoints that the Python reference wrote; kept outside the repository. */
const REFERENCE = fileURLToPath(new URL('../../../../../shared/data/reference-v0/', import.meta.url));
const referenceFiles = existsSync(REFERENCE) ? readdirSync(REFERENCE).filter((name) => name.endsWith('.pt')) : [];
if (referenceFiles.length === 0) process.stderr.write(`SKIPPED conversions of the reference: no ${REFERENCE}\n`);

const fixtures = fileURLToPath(new URL('../../../fixtures/checkpoint/', import.meta.url));

afterAll(closeCheckpointThreads);

/** Every fixture that has ids and rows, and what its rows are. */
const SOURCES: readonly (readonly [string, string])[] = readdirSync(fixtures)
  .filter((name) => /^(?:nucleotide|protein|merged|vectors|batch)_.*\.pt$|^vectors\.pt$/u.test(name))
  .filter((name) => !/expanded|integers/u.test(name))
  .map((name) => [name, name.startsWith('batch') ? 'vectors' : (name.split(/[_.]/u)[0] ?? '')]);

interface State {
  sha256: string;
  mtimeNs: bigint;
  size: bigint;
  mode: bigint;
}

function stateOf(path: string): State {
  const { mtimeNs, size, mode } = statSync(path, { bigint: true });
  return { sha256: sha256(path), mtimeNs, size, mode };
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function valuesOf(path: string): Float32Array {
  const checkpoint = openCheckpointSync(path);
  try {
    return checkpoint.slice();
  } finally {
    checkpoint.close();
  }
}

/** Values of an `.npy` file of version 1.0. */
function npyValues(path: string): Float32Array | Float64Array {
  const bytes = readFileSync(path);
  const start = 10 + bytes.readUInt16LE(8);
  const type = bytes.subarray(0, start).includes("'<f8'") ? Float64Array : Float32Array;
  return new type(new Uint8Array(bytes.subarray(start)).buffer);
}

/** A nucleotide checkpoint of before versions existed, whose values are float64. */
async function inexactNucleotide(path: string, first = 0.1): Promise<string> {
  const row = pyDict([
    ['label', 'a'],
    ['mean_representation', pyFloats(768, (into) => into.fill(0.5).fill(first, 0, 1))],
  ]);
  return writePt(
    path,
    pyDict([
      ['nucleotide', strings(['a'])],
      ['data', pyList(1, () => row)],
    ]),
  );
}

describe('convertCheckpoint', () => {
  it.each(SOURCES)(
    '%s → .pt, .npy and .safetensors with the same ids and values; it stays as it was',
    async (name, kind) => {
      const folder = await temporaryFolder();
      const input = join(folder, 'in.pt');
      copyFileSync(join(fixtures, name), input);
      utimesSync(input, 1_600_000_000, 1_600_000_000.25);
      const before = stateOf(input);
      const values = valuesOf(input);
      const { ids, rows, dim, version } = openCheckpointSync(input);

      const outputs = ['out.pt', 'out.npy', 'out.safetensors'].map((output) => join(folder, output));
      for (const output of outputs) {
        const result = await convertCheckpoint(input, output);
        expect(result).toEqual({
          ...{ outcome: 'converted', input, output, format: output.split('.').at(-1), kind, version, rows, dim },
          ...{ dtype: 'float32', bytes: statSync(output).size, sha256: sha256(output) },
          ...(output.endsWith('.npy') && { ids: join(folder, 'out.ids.txt') }),
        });
      }
      const [pt = '', npy = '', safetensors = ''] = outputs;

      expect(validateCheckpointSync(pt, { level: 'deep', expect: { ids } })).toMatchObject({
        ...{ result: 'valid', kind, version: '1.0', status: 'complete', rows, dim, integrity: 'verified' },
      });
      expect(Buffer.from(valuesOf(pt).buffer).equals(Buffer.from(values.buffer))).toBe(true);
      expect(Buffer.from(npyValues(npy).buffer).equals(Buffer.from(values.buffer))).toBe(true);
      expect(readFileSync(join(folder, 'out.ids.txt'), 'utf8')).toBe(ids.map((id) => `${id}\n`).join(''));
      const bytes = readFileSync(safetensors);
      const end = 8 + Number(bytes.readBigUInt64LE(0));
      const { __metadata__: metadata } = JSON.parse(bytes.subarray(8, end).toString()) as { __metadata__: object };
      expect(metadata).toEqual({ ids: JSON.stringify(ids), kind, version, source: 'in.pt' });
      expect(bytes.subarray(end).equals(Buffer.from(values.buffer))).toBe(true);

      expect(stateOf(input)).toEqual(before);
      expect(readdirSync(folder).toSorted()).toEqual(['in.pt', 'out.ids.txt', 'out.npy', 'out.pt', 'out.safetensors']);
    },
  );

  it.runIf(referenceFiles.length > 0).each(referenceFiles)('%s by the reference → every format', async (name) => {
    const folder = await temporaryFolder();
    const input = join(REFERENCE, name);
    const before = stateOf(input);
    const kind = { S: 'nucleotide', M: 'protein', d: 'merged' }[name.at(-4) ?? ''];
    for (const extension of ['pt', 'npy', 'safetensors']) {
      const output = join(folder, name.replace(/pt$/u, extension));
      expect(await convertCheckpoint(input, output)).toMatchObject({ kind, version: '0.x', rows: 4, dtype: 'float32' });
    }
    expect(valuesOf(join(folder, name))).toEqual(valuesOf(input));
    expect(npyValues(join(folder, name.replace(/pt$/u, 'npy')))).toEqual(valuesOf(input));
    expect(stateOf(input)).toEqual(before);
  });

  it('values that are no float32 → float64 in .npy and .safetensors, rounded and counted in .pt', async () => {
    const folder = await temporaryFolder();
    const input = await inexactNucleotide(join(folder, 'in.pt'));
    const npy = join(folder, 'out.npy');
    expect(await convertCheckpoint(input, npy)).toMatchObject({ dtype: 'float64' });
    expect([...npyValues(npy).subarray(0, 2)]).toEqual([0.1, 0.5]);
    const safetensors = join(folder, 'out.safetensors');
    expect(await convertCheckpoint(input, safetensors)).toMatchObject({ dtype: 'float64' });
    expect(readFileSync(safetensors).readDoubleLE(statSync(safetensors).size - 768 * 8)).toBe(0.1);
    const pt = join(folder, 'out.pt');
    const { dtype, warnings } = await convertCheckpoint(input, pt);
    expect([dtype, warnings]).toEqual([
      'float32',
      ['1 value is not exactly float32, which a checkpoint holds: rounded (.npy keeps float64)'],
    ]);
    expect(valuesOf(pt)[0]).toBe(Math.fround(0.1));
  });

  it('a value beyond float32 → no .pt, but an .npy', async () => {
    const folder = await temporaryFolder();
    const input = await inexactNucleotide(join(folder, 'in.pt'), 1e300);
    await expect(convertCheckpoint(input, join(folder, 'out.pt'))).rejects.toMatchObject({ code: 'NON_FINITE' });
    await convertCheckpoint(input, join(folder, 'out.npy'));
    expect(readdirSync(folder).toSorted()).toEqual(['in.pt', 'out.ids.txt', 'out.npy']);
  });

  it('a second time → existing; nothing is written', async () => {
    const folder = await temporaryFolder();
    const input = await writePt(join(folder, 'in.pt'), vectors());
    for (const name of ['out.pt', 'out.npy', 'out.safetensors']) {
      const output = join(folder, name);
      const first = await convertCheckpoint(input, output);
      const before = stateOf(output);
      expect(await convertCheckpoint(input, output)).toEqual({ ...first, outcome: 'existing' });
      expect(stateOf(output)).toEqual(before);
    }
  });

  it('only the ids are there, the same → the array is added', async () => {
    const folder = await temporaryFolder();
    const input = await writePt(join(folder, 'in.pt'), vectors());
    writeFileSync(join(folder, 'out.ids.txt'), 'a\nb\n');
    expect(await convertCheckpoint(input, join(folder, 'out.npy'))).toMatchObject({ outcome: 'converted' });
  });

  it.each<[string, string, (path: string) => void | Promise<unknown>]>([
    ['something else', 'out.pt', (path) => writeFileSync(path, 'mine')],
    [
      'the same ids with other values',
      'out.pt',
      (path) => writePt(path, vectors({ values: new Float32Array(8).fill(3) })),
    ],
    [
      'the same content of version 0.x',
      'out.pt',
      (path) => writePt(path, vectors({ version: undefined, status: undefined })),
    ],
    ['the same content in progress', 'out.pt', (path) => writePt(path, vectors({ status: 'in_progress' }))],
    ['other ids', 'out.pt', (path) => writePt(path, vectors({ ids: ['a', 'c'] }))],
    ['something else', 'out.npy', (path) => writeFileSync(path, 'mine')],
    ['something as long', 'out.npy', (path) => writeFileSync(path, Buffer.alloc(128 + 32))],
    ['a folder', 'out.npy', (path) => mkdirSync(path)],
    ['other ids', 'out.npy', (path) => writeFileSync(path.replace('.npy', '.ids.txt'), 'c\nd\n')],
    ['something else', 'out.safetensors', (path) => writeFileSync(path, '')],
  ])('%s at %s → TARGET_TAKEN, and it stays', async (_, name, occupy) => {
    const folder = await temporaryFolder();
    const input = await writePt(join(folder, 'in.pt'), vectors());
    await occupy(join(folder, name));
    const before = readdirSync(folder);
    await expect(convertCheckpoint(input, join(folder, name))).rejects.toMatchObject({
      type: 'CheckpointError.Incompatible',
      code: 'TARGET_TAKEN',
    });
    expect(readdirSync(folder)).toEqual(before);
  });

  it.each<[string, Writable, object]>([
    ['unfinished', vectors({ status: 'in_progress' }), { class: 'incompatible', code: 'NOT_COMPLETE' }],
    ['of a newer version', vectors({ version: '2.0' }), { class: 'incompatible', code: 'VERSION_TOO_NEW' }],
    ['with a NaN', vectors({ values: new Float32Array(8).fill(NaN) }), { class: 'incompatible', code: 'NON_FINITE' }],
    ['without rows', pyDict([['data', 7]]), { class: 'incompatible', code: 'ROWS_MISSING' }],
  ])('an input %s → refused, nothing is written', async (_, root, expected) => {
    const folder = await temporaryFolder();
    const input = await writePt(join(folder, 'in.pt'), root);
    for (const name of ['out.pt', 'out.npy']) {
      await expect(convertCheckpoint(input, join(folder, name))).rejects.toMatchObject({ ...expected, path: input });
    }
    expect(readdirSync(folder)).toEqual(['in.pt']);
  });

  it('a flipped bit in a tensor → corrupted, nothing is written', async () => {
    const folder = await temporaryFolder();
    const input = await writePt(join(folder, 'in.pt'), vectors());
    const bytes = readFileSync(input);
    const at = bytes.indexOf(Buffer.from(Float32Array.of(3, 4).buffer));
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(input, bytes);
    await expect(convertCheckpoint(input, join(folder, 'out.npy'))).rejects.toMatchObject({ code: 'CRC_MISMATCH' });
    expect(readdirSync(folder)).toEqual(['in.pt']);
  });

  it('no input, a folder as input → corrupted, unavailable', async () => {
    const folder = await temporaryFolder();
    const output = join(folder, 'out.npy');
    await expect(convertCheckpoint(join(folder, 'in.pt'), output)).rejects.toMatchObject({ code: 'MISSING' });
    await expect(convertCheckpoint(folder, output)).rejects.toMatchObject({ code: 'NOT_A_FILE', class: 'unavailable' });
  });

  it.each([
    ['another extension', 'out.csv', 'must end in .pt, .npy or .safetensors'],
    ['no extension', 'out', 'must end in'],
    ['the input itself', './in.pt', 'the output is the input'],
    ['another name of the input', 'linked.pt', 'the output is the input'],
    ['a folder that is not there', 'none/out.npy', 'does not exist'],
  ])('%s as output → RunError.InvalidInput', async (_, name, message) => {
    const folder = await temporaryFolder();
    const input = await writePt(join(folder, 'in.pt'), vectors());
    linkSync(input, join(folder, 'linked.pt'));
    const before = stateOf(input);
    const failed = convertCheckpoint(input, `${folder}/${name}`);
    await expect(failed).rejects.toMatchObject({
      type: 'RunError.InvalidInput',
      message: expect.stringContaining(message),
    });
    expect(stateOf(input)).toEqual(before);
  });

  it('a name that states another kind → KIND_MISMATCH', async () => {
    const folder = await temporaryFolder();
    const input = await writePt(join(folder, 'in.pt'), vectors());
    await expect(convertCheckpoint(input, join(folder, 'a_ESM.pt'))).rejects.toMatchObject({
      code: 'KIND_MISMATCH',
      reason: 'incompatible: kind does not match: the file name says protein, content is vectors; choose another name',
    });
  });

  it.each(['a\nb', 'a\rb', '\ud800'])('an id that is no line of text (%j) → no .npy, but .safetensors', async (id) => {
    const folder = await temporaryFolder();
    const input = await writePt(join(folder, 'in.pt'), vectors({ ids: [id] }));
    await expect(convertCheckpoint(input, join(folder, 'out.npy'))).rejects.toMatchObject({ code: 'IDS_INVALID' });
    await convertCheckpoint(input, join(folder, 'out.safetensors'));
    expect(readdirSync(folder).toSorted()).toEqual(['in.pt', 'out.safetensors']);
  });

  it.each(['out.pt', 'out.npy', 'out.safetensors'])(
    'aborted while %s is written → the reason, nothing is left',
    async (name) => {
      const folder = await temporaryFolder();
      const values = Float32Array.from({ length: 4_000_000 }, (_, index) => index + 1);
      const input = await writePt(
        join(folder, 'in.pt'),
        vectors({ ids: ['a', 'b', 'c', 'd'], dim: 1_000_000, values }),
      );
      const abortedInTime = async () => {
        const controller = new AbortController();
        const converting = convertCheckpoint(input, join(folder, name), { signal: controller.signal });
        const watch = setInterval(() => {
          if (readdirSync(folder).length > 1) controller.abort(new Error('enough'));
        }, 1);
        const ended = await converting
          .then(
            () => 'converted',
            (error: Error) => error.message,
          )
          .finally(() => clearInterval(watch));
        if (ended === 'converted') return false;
        expect(ended).toBe('enough');
        expect(readdirSync(folder)).toEqual(['in.pt']);
        return true;
      };
      // On a busy machine the temporary file may be seen when it is too late.
      for (let tries = 1; !(await abortedInTime()); tries++) {
        expect(tries).toBeLessThan(20);
        for (const made of readdirSync(folder)) if (made !== 'in.pt') rmSync(join(folder, made));
      }
      const signal = AbortSignal.abort(new Error('enough'));
      await expect(convertCheckpoint(input, join(folder, name), { signal })).rejects.toThrow('enough');
    },
  );

  it('names → of input and output as given', async () => {
    const folder = await temporaryFolder();
    const input = await writePt(join(folder, 'in.pt'), vectors());
    const { input: from, output, ids } = await convertCheckpoint(input, `${folder}/a.b.npy`);
    expect([from, output, basename(ids ?? '')]).toEqual([input, `${folder}/a.b.npy`, 'a.b.ids.txt']);
  });
});
