import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { closeCheckpointThreads } from '../../../src/checkpoint/pool.ts';
import type { CheckpointEntry, ValidateOptions } from '../../../src/checkpoint/types.ts';
import { validateCheckpoint, validateCheckpointSync } from '../../../src/checkpoint/validate-checkpoint.ts';
import type { Writable } from '../../../src/torch/index.ts';
import { pyDict, pyFloats, pyList } from '../../../src/torch/index.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import type { VectorsContent } from '../../support/write-pt.ts';
import { floatTensor, ptBytes, strings, vectors, writePt } from '../../support/write-pt.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/checkpoint/', import.meta.url));

afterAll(closeCheckpointThreads);

async function judged(root: Writable, options?: ValidateOptions, name = 'x.pt'): Promise<CheckpointEntry> {
  return validateCheckpointSync(await writePt(join(await temporaryFolder(), name), root), options);
}

function withRows(ids: string, rows: readonly Writable[]): Writable {
  return pyDict([
    [ids, strings(rows.map((_, index) => `id${index}`))],
    ['data', pyList(rows.length, (index) => rows[index] ?? null)],
    ['version', '1.0'],
    ['status', 'complete'],
  ]);
}

function floats(count: number, value = 1): Writable {
  return pyFloats(count, (into) => into.fill(value));
}

function tensor(length: number): Writable {
  return floatTensor([length], new Float32Array(length).fill(1));
}

describe('files that are no file', () => {
  it('missing → corrupted: file does not exist', async () => {
    const path = join(await temporaryFolder(), 'no.pt');
    expect(validateCheckpointSync(path)).toEqual({
      path,
      result: 'corrupted',
      code: 'MISSING',
      reason: 'corrupted: file does not exist',
    });
  });

  it('0 bytes → corrupted: file is 0 bytes', async () => {
    const path = join(await temporaryFolder(), 'a.pt');
    writeFileSync(path, '');
    expect(validateCheckpointSync(path)).toEqual({
      path,
      result: 'corrupted',
      code: 'EMPTY',
      reason: 'corrupted: file is 0 bytes',
      bytes: 0,
    });
  });

  it('not a ZIP → corrupted: not a valid ZIP archive', async () => {
    const path = join(await temporaryFolder(), 'a.pt');
    writeFileSync(path, 'this is not a checkpoint, it is a text of some length');
    expect(validateCheckpointSync(path)).toMatchObject({
      code: 'NOT_A_ZIP',
      reason: 'corrupted: not a valid ZIP archive',
      detail: 'not a valid ZIP archive: starts with bytes 74686973, expected 504b0304',
    });
  });

  it('cut off → the same words, and a code and detail that say so', async () => {
    const path = join(await temporaryFolder(), 'a.pt');
    writeFileSync(path, readFileSync(join(fixtures, 'vectors.pt')).subarray(0, 700));
    const { code, reason, detail } = validateCheckpointSync(path);
    expect([code, reason]).toEqual(['TRUNCATED', 'corrupted: not a valid ZIP archive']);
    expect(detail).toMatch(/no end record/);
  });

  it.each(['header', 'structure', 'deep'] as const)(
    'a folder and a FIFO at %s → unavailable, without blocking',
    async (level) => {
      const folder = await temporaryFolder();
      mkdirSync(join(folder, 'a.pt'));
      execFileSync('mkfifo', [join(folder, 'b.pt')]);
      for (const name of ['a.pt', 'b.pt']) {
        const entry = validateCheckpointSync(join(folder, name), { level });
        expect(entry).toMatchObject({ result: 'unavailable', code: 'NOT_A_FILE' });
        expect(entry.reason).toMatch(/^unavailable: not a regular file/);
      }
    },
  );

  it('/dev/zero → unavailable', () => {
    expect(validateCheckpointSync('/dev/zero')).toMatchObject({ result: 'unavailable', code: 'NOT_A_FILE' });
  });

  it.skipIf(process.getuid?.() === 0)('no permission → unavailable with the errno', async () => {
    const path = join(await temporaryFolder(), 'a.pt');
    writeFileSync(path, 'x');
    chmodSync(path, 0);
    expect(validateCheckpointSync(path)).toMatchObject({ result: 'unavailable', code: 'EACCES' });
  });

  it('a path through a file → unavailable with the errno, not corrupted', () => {
    expect(validateCheckpointSync(join(fixtures, 'vectors.pt', 'a.pt'))).toMatchObject({
      result: 'unavailable',
      code: 'ENOTDIR',
    });
  });
});

describe('content that is not ours', () => {
  it.each([
    ['list.pt', 'incompatible: checkpoint is not a dict (got list)'],
    ['tensor.pt', 'incompatible: checkpoint is not a dict (got Tensor)'],
    ['vectors_integers.pt', 'incompatible: data is a tensor of int64, expected float32'],
    ['vectors_expanded.pt', 'incompatible: rows of data overlap: they need 192 bytes, 64 are stored'],
  ])('%s → %s', (name, reason) => {
    expect(validateCheckpointSync(join(fixtures, name))).toMatchObject({ result: 'incompatible', reason });
  });

  it.each<[string, Writable, string]>([
    ['an empty dict', pyDict([]), "missing required keys {'data'}"],
    ['ids alone', pyDict([['ids', strings(['a'])]]), "missing required keys {'data'}"],
    [
      'other ids and data',
      pyDict([
        ['ids', 7],
        ['data', floatTensor([1, 4], new Float32Array(4))],
      ]),
      'ids is not a list of ids (got int)',
    ],
    [
      'an id that is a number',
      pyDict([
        ['ids', pyList(1, () => 7)],
        ['data', floatTensor([1, 4], new Float32Array(4))],
      ]),
      'ids[0] is not an id: expected text, got int',
    ],
    ['no rows, [0, 3328]', vectors({ ids: [], dim: 3328 }), 'data holds no rows'],
    ['fewer rows than ids', vectors({ rows: 1 }), 'rows do not match ids: expected 2 rows, got 1'],
    ['more rows than ids', vectors({ rows: 3 }), 'rows do not match ids: expected 2 rows, got 3'],
    ['no dimension', vectors({ dim: 0 }), 'wrong last dimension for vectors: expected at least 1, got 0'],
    [
      'a flat tensor',
      pyDict([
        ['ids', strings(['a'])],
        ['data', tensor(4)],
      ]),
      'data has shape [4], expected rows of one length',
    ],
    [
      'data that is text',
      pyDict([
        ['ids', strings(['a'])],
        ['data', 'x'],
      ]),
      'data holds no rows: expected a tensor or a list of rows, got str',
    ],
    [
      'data that is one list of floats',
      pyDict([
        ['ids', strings(['a'])],
        ['data', floats(8)],
      ]),
      'data holds no rows: expected a tensor or a list of rows, got a list of floats',
    ],
    [
      'protein of 1,280',
      withRows('proteins', [tensor(1280)]),
      'wrong last dimension for protein: expected 2560, got 1280',
    ],
    [
      'protein with one short row',
      withRows('proteins', [tensor(2560), tensor(2559)]),
      'wrong last dimension for protein: expected 2560, row 1 has 2559',
    ],
    [
      'nucleotide without rows in its dicts',
      withRows('nucleotide', [pyDict([['label', 'id0']])]),
      'data[0] is no row: expected a tensor or a list of floats, got a dict without mean_representation',
    ],
    [
      'nucleotide with another label',
      withRows('nucleotide', [
        pyDict([
          ['label', 'zz'],
          ['mean_representation', floats(768)],
        ]),
      ]),
      'label of row 0 is "zz", expected its id "id0"',
    ],
    [
      'rows that are lists of integers',
      withRows('nucleotide', [pyList(768, () => 1)]),
      'data[0] is no row: expected a tensor or a list of floats, got list',
    ],
    ['version 2.0', vectors({ version: '2.0' }), 'Checkpoint v2.0 requires virnucpro >= 2.0.0 (upgrade required)'],
    ['version 10.0', vectors({ version: '10.0' }), 'Checkpoint v10.0 requires virnucpro >= 10.0.0 (upgrade required)'],
    ['a version that is a number', vectors({ version: 1 }), "version is not a version: 1, expected text such as '1.0'"],
    ['1.0 without status', vectors({ status: undefined }), "status is none, expected 'complete' or 'in_progress'"],
    [
      '1.0 with an unknown status',
      vectors({ status: 'done' }),
      `status is "done", expected 'complete' or 'in_progress'`,
    ],
    [
      '1.0 with a status that is a number',
      vectors({ status: 1 }),
      "status is int, expected 'complete' or 'in_progress'",
    ],
  ])('%s → incompatible', async (_, root, text) => {
    const entry = await judged(root);
    expect(entry.reason).toBe(`incompatible: ${text}`);
    expect(entry.result).toBe('incompatible');
  });

  it('several things wrong → the first in the order: version, keys, rows, status', async () => {
    const wrong: VectorsContent = { version: '2.0', rows: 1, status: 'done' };
    expect((await judged(vectors(wrong))).code).toBe('VERSION_TOO_NEW');
    expect((await judged(vectors({ ...wrong, version: '1.0' }))).code).toBe('ROW_COUNT');
    expect((await judged(vectors({ status: 'done' }))).code).toBe('STATUS_INVALID');
    expect((await judged(pyDict([['version', '2.0']]))).code).toBe('VERSION_TOO_NEW');
  });
});

describe('names', () => {
  it('a name that states another kind → incompatible', async () => {
    const reason = 'incompatible: kind does not match: the file name says protein, content is vectors';
    expect(await judged(vectors(), {}, 'a_ESM.pt')).toMatchObject({ code: 'KIND_MISMATCH', reason });
  });

  it.each([
    ['a_ESM.pt', "{'proteins'}"],
    ['a_DNABERT_S.pt', "{'nucleotide'}"],
    ['batch_00000.pt', "{'embeddings', 'sequence_ids'}"],
  ])('%s with data alone → missing keys of its kind', async (name, keys) => {
    const root = pyDict([['data', tensor(4)]]);
    expect((await judged(root, {}, name)).reason).toBe(`incompatible: missing required keys ${keys}`);
  });

  it('_merged.pt with 4 values a row → wrong dimension, not another kind', async () => {
    const reason = 'incompatible: wrong last dimension for merged: expected 3328, got 4';
    expect((await judged(vectors(), {}, 'a_merged.pt')).reason).toBe(reason);
  });

  it('_KMER.pt with 3,328 values a row → wrong dimension', async () => {
    const reason = 'incompatible: wrong last dimension for vectors: 3328 is that of merged';
    expect((await judged(vectors({ dim: 3328 }), {}, 'a_KMER.pt')).reason).toBe(reason);
  });
});

describe('required keys', () => {
  it('asked for and there → valid whatever the kind', async () => {
    const root = pyDict([['weights', 1]]);
    expect(await judged(root, { requireKeys: ['weights'] }, 'a_ESM.pt')).toMatchObject({
      result: 'valid',
      kind: 'generic',
    });
  });

  it('asked for and missing → named, sorted, also for a known kind', async () => {
    const reason = "incompatible: missing required keys {'x', 'y'}";
    expect((await judged(vectors(), { requireKeys: ['y', 'ids', 'x'] })).reason).toBe(reason);
  });
});

describe('valid files', () => {
  it.each<[string, Partial<CheckpointEntry>]>([
    ['nucleotide_0x.pt', { kind: 'nucleotide', version: '0.x', status: null, rows: 2, dim: 768 }],
    ['nucleotide_tensors.pt', { kind: 'nucleotide', rows: 2, dim: 768 }],
    ['protein_0x.pt', { kind: 'protein', version: '0.x', status: null, rows: 2, dim: 2560 }],
    ['protein_views.pt', { kind: 'protein', rows: 2, dim: 2560 }],
    ['protein_one_tensor.pt', { kind: 'protein', version: '1.0', status: 'complete', rows: 2, dim: 2560 }],
    ['merged_0x.pt', { kind: 'merged', version: '0.x', rows: 1, dim: 3328 }],
    ['vectors.pt', { kind: 'vectors', version: '1.0', status: 'complete', rows: 3, dim: 16 }],
    ['vectors_half.pt', { kind: 'vectors', rows: 3, dim: 16 }],
    ['vectors_bfloat16.pt', { kind: 'vectors', rows: 3, dim: 16 }],
    ['vectors_double.pt', { kind: 'vectors', rows: 3, dim: 16 }],
    ['vectors_transposed.pt', { kind: 'vectors', rows: 3, dim: 16 }],
    ['vectors_column_slice.pt', { kind: 'vectors', rows: 3, dim: 16 }],
    ['vectors_rank3.pt', { kind: 'vectors', rows: 3, dim: 16 }],
    ['vectors_list.pt', { kind: 'vectors', rows: 3, dim: 16 }],
    ['vectors_lists_of_floats.pt', { kind: 'vectors', rows: 3, dim: 16 }],
    ['batch_00000.pt', { kind: 'batch', version: '0.x', status: null, rows: 3, dim: 8 }],
    ['batch_00001.pt', { kind: 'batch', rows: 3, dim: 8 }],
    ['batch_00002.pt', { kind: 'batch', rows: 3, dim: 8 }],
    ['batch_00003.pt', { kind: 'batch', rows: 3, dim: 8 }],
    ['generic.pt', { kind: 'generic', version: '0.x', status: null }],
    ['generic_rows.pt', { kind: 'generic', rows: 3, dim: 16 }],
  ])('%s by torch → valid at structure and deep, never changed', (name, expected) => {
    const path = join(fixtures, name);
    const before = readFileSync(path);
    expect(validateCheckpointSync(path)).toMatchObject({ result: 'valid', integrity: 'structure', ...expected });
    const deep = validateCheckpointSync(path, { level: 'deep' });
    expect(deep).toMatchObject({ result: 'valid', integrity: 'verified', ...expected });
    expect(deep.warnings).toBeUndefined();
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('level header → size and directory only', () => {
    const path = join(fixtures, 'list.pt');
    const bytes = statSync(path).size;
    expect(validateCheckpointSync(path, { level: 'header' })).toEqual({
      path,
      result: 'valid',
      bytes,
      integrity: 'header',
    });
  });

  it('in_progress → valid, and says so', async () => {
    expect(await judged(vectors({ status: 'in_progress' }))).toMatchObject({ result: 'valid', status: 'in_progress' });
  });

  it('an entry has exactly the fields of the design, in its order', async () => {
    const entry = await judged(vectors());
    expect(Object.keys(entry)).toEqual([
      'path',
      'result',
      'kind',
      'version',
      'status',
      'rows',
      'dim',
      'bytes',
      'integrity',
    ]);
  });
});

function changed(at: number, value: number, rows = 5): Float32Array {
  const values = Float32Array.from({ length: rows * 4 }, (_, index) => index + 1);
  values[at] = value;
  return values;
}

describe('deep findings', () => {
  const ids = ['a', 'b', 'c', 'd', 'e'];

  it.each([NaN, Infinity, -Infinity])(
    '%d in a row → NON_FINITE with the row and its id, at deep only',
    async (value) => {
      const root = vectors({ ids, values: changed(11, value) });
      expect(await judged(root, { level: 'deep' })).toMatchObject({
        result: 'incompatible',
        code: 'NON_FINITE',
        reason: 'incompatible: 1 row holds NaN or Inf, first row 2 ("c")',
      });
      expect((await judged(root)).result).toBe('valid');
    },
  );

  it('many such rows → counted, the first three named', async () => {
    const values = new Float32Array(20).fill(NaN, 4);
    const reason = 'incompatible: 4 rows hold NaN or Inf, first row 1 ("b"), row 2 ("c"), row 3 ("d")';
    expect((await judged(vectors({ ids, values }), { level: 'deep' })).reason).toBe(reason);
  });

  it('the largest finite value, the smallest, -0 among others → fine', async () => {
    const values = Float32Array.of(3.4028234663852886e38, -3.4028234663852886e38, 1.401298464324817e-45, -0);
    const entry = await judged(vectors({ ids: ['a'], values }), { level: 'deep' });
    expect(entry.result).toBe('valid');
    expect(entry.warnings).toBeUndefined();
  });

  it('rows of ±0 and repeated ids → valid, with warnings', async () => {
    const values = new Float32Array(20).fill(1);
    values.fill(0, 4, 8);
    values.fill(-0, 12, 16);
    const entry = await judged(vectors({ ids: ['a', 'b', 'a', 'd', 'a'], values }), { level: 'deep' });
    expect(entry.result).toBe('valid');
    expect(entry.warnings).toEqual([
      '2 rows all zero, first row 1 ("b"), row 3 ("d")',
      'duplicate ids: 1 id more than once, first "a" (rows 0 and 2)',
    ]);
  });

  it('NaN among Python floats and in separate tensors → NON_FINITE', async () => {
    const bad = withRows('nucleotide', [
      pyDict([
        ['label', 'id0'],
        ['mean_representation', floats(768)],
      ]),
      pyDict([
        ['label', 'id1'],
        ['mean_representation', floats(768, NaN)],
      ]),
    ]);
    const reason = 'incompatible: 1 row holds NaN or Inf, first row 1 ("id1")';
    expect((await judged(bad, { level: 'deep' })).reason).toBe(reason);
    const infinite = floatTensor([2560], new Float32Array(2560).fill(Infinity));
    const protein = withRows('proteins', [tensor(2560), infinite]);
    expect((await judged(protein, { level: 'deep' })).reason).toBe(reason);
  });

  it('rows of zeros among Python floats → warning', async () => {
    const root = withRows('nucleotide', [
      pyDict([
        ['label', 'id0'],
        ['mean_representation', floats(768, 0)],
      ]),
    ]);
    expect((await judged(root, { level: 'deep' })).warnings).toEqual(['1 row all zero, first row 0 ("id0")']);
  });

  it('rows longer than one chunk of reading → every value seen', async () => {
    const dim = 3 << 20;
    for (const at of [0, dim - 1, dim, 2 * dim - 1]) {
      const values = new Float32Array(2 * dim).fill(1);
      values[at] = NaN;
      const entry = await judged(vectors({ dim, values }), { level: 'deep' });
      expect(entry.reason).toBe(
        `incompatible: 1 row holds NaN or Inf, first row ${at < dim ? 0 : 1} ("${at < dim ? 'a' : 'b'}")`,
      );
    }
  });

  it('a broken CRC and rows that do not match → corrupted first', async () => {
    const path = join(await temporaryFolder(), 'x.pt');
    const bytes = await ptBytes(vectors({ rows: 1, dim: 64 }));
    const at = bytes.indexOf(Buffer.from(Float32Array.of(1, 2, 3).buffer));
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    writeFileSync(path, bytes);
    expect(validateCheckpointSync(path).code).toBe('ROW_COUNT');
    expect(validateCheckpointSync(path, { level: 'deep' })).toMatchObject({
      result: 'corrupted',
      code: 'CRC_MISMATCH',
    });
  });
});

describe('expectations', () => {
  it('the ids of the input → valid', async () => {
    expect((await judged(vectors(), { expect: { ids: ['a', 'b'] } })).result).toBe('valid');
  });

  it.each([
    [['a', 'b', 'c'], 'expected 3, got 2, first difference at row 2: expected "c", got none'],
    [['a'], 'expected 1, got 2, first difference at row 1: expected none, got "b"'],
    [['b', 'a'], 'expected 2, got 2, first difference at row 0: expected "b", got "a"'],
  ])('ids %j → incompatible', async (ids, text) => {
    const entry = await judged(vectors(), { expect: { ids, source: 'in.fa' } });
    expect(entry).toMatchObject({ code: 'IDS_MISMATCH', reason: `incompatible: ids do not match in.fa: ${text}` });
  });

  it('0.x in another order → valid; with other ids → incompatible', async () => {
    const old = vectors({ version: undefined, status: undefined });
    expect((await judged(old, { expect: { ids: ['b', 'a'] } })).result).toBe('valid');
    const missing = 'incompatible: ids do not match f: expected 2, got 2, first difference "z": expected, but missing';
    expect((await judged(old, { expect: { ids: ['z', 'a'], source: 'f' } })).reason).toBe(missing);
    const extra = 'incompatible: ids do not match f: expected 1, got 2, first difference "b": not expected';
    expect((await judged(old, { expect: { ids: ['a'], source: 'f' } })).reason).toBe(extra);
  });

  it('another dimension or kind → incompatible', async () => {
    const reason = 'incompatible: wrong last dimension for vectors: expected 5, got 4';
    expect((await judged(vectors(), { expect: { dim: 5 } })).reason).toBe(reason);
    expect((await judged(vectors(), { expect: { kind: 'protein' } })).code).toBe('KIND_MISMATCH');
  });

  it('trusted content → rows not judged, number of ids, version and status are', async () => {
    const broken = vectors({ rows: 1 });
    expect(await judged(broken, { trustContent: true, expect: { ids: ['x', 'y'] } })).toMatchObject({
      result: 'valid',
      rows: 2,
      integrity: 'header',
    });
    const reason = 'incompatible: ids do not match f: expected 1, got 2';
    expect((await judged(broken, { trustContent: true, expect: { ids: ['x'], source: 'f' } })).reason).toBe(reason);
    expect((await judged(vectors({ version: '2.0' }), { trustContent: true })).code).toBe('VERSION_TOO_NEW');
    expect((await judged(vectors({ status: 'x' }), { trustContent: true })).code).toBe('STATUS_INVALID');
  });
});

describe('validateCheckpoint', () => {
  it('in a thread → the same entry', async () => {
    const path = join(fixtures, 'protein_0x.pt');
    expect(await validateCheckpoint(path, { level: 'deep' })).toEqual(validateCheckpointSync(path, { level: 'deep' }));
  });

  it('an aborted signal → rejects with its reason, before and while it runs', async () => {
    const reason = new Error('enough');
    await expect(validateCheckpoint('a.pt', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const path = await writePt(join(await temporaryFolder(), 'big.pt'), vectors({ dim: 1 << 23 }));
    const endOf = async () => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 5);
      return validateCheckpoint(path, { level: 'deep', signal: controller.signal }).catch((error: unknown) => error);
    };
    // On a busy machine it may be done before the timer is looked at.
    let end = await endOf();
    for (let tries = 1; end !== reason && tries < 20; tries++) end = await endOf();
    expect(end).toBe(reason);
  });
});

describe.skipIf(!existsSync(new URL('../../../../shared/data/reference-v0', import.meta.url)))(
  'files of the Python reference (only where ../shared/data exists)',
  () => {
    it.each([
      ['output_1_DNABERT_S.pt', 'nucleotide', 768],
      ['output_1_ESM.pt', 'protein', 2560],
      ['output_1_merged.pt', 'merged', 3328],
    ] as const)('%s → valid %s of version 0.x, unchanged', (name, kind, dim) => {
      const path = fileURLToPath(new URL(`../../../../shared/data/reference-v0/${name}`, import.meta.url));
      const before = statSync(path, { bigint: true });
      const entry = validateCheckpointSync(path, { level: 'deep' });
      expect(entry).toMatchObject({
        result: 'valid',
        kind,
        version: '0.x',
        status: null,
        rows: 4,
        dim,
        integrity: 'verified',
      });
      expect(statSync(path, { bigint: true }).mtimeNs).toBe(before.mtimeNs);
    });
  },
);
