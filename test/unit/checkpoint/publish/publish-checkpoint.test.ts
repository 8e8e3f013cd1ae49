import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publishCheckpoint } from '../../../../src/checkpoint/publish/publish-checkpoint.ts';
import { arrayRowSource } from '../../../../src/checkpoint/row-source.ts';
import type { CheckpointContent, WrittenKind } from '../../../../src/checkpoint/types.ts';
import { validateCheckpointSync } from '../../../../src/checkpoint/validate-checkpoint.ts';
import type { Call, Fault, FaultyOptions } from '../../../support/faulty-file-system.ts';
import { FaultyFileSystem } from '../../../support/faulty-file-system.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { vectors, writePt } from '../../../support/write-pt.ts';

const DIMS = { nucleotide: 768, protein: 2560, merged: 3328, vectors: 16 } as const;
const KINDS = Object.keys(DIMS) as WrittenKind[];

function content(kind: WrittenKind = 'vectors', rows = 3, dim: number = DIMS[kind], offset = 0): CheckpointContent {
  const values = Float32Array.from({ length: rows * dim }, (_, index) => Math.fround((index + 1 + offset) / 7));
  return {
    kind,
    ids: Array.from({ length: rows }, (_, row) => `id${row}`),
    rows: arrayRowSource(values, dim),
  };
}

/** More than what is read back in one piece. */
function largeContent(): CheckpointContent {
  return content('vectors', 5, (1 << 18) + 1);
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** How a publish with these faults ended, in a folder that may hold the target already. */
async function attempt(given: {
  faults?: FaultyOptions;
  content?: CheckpointContent;
  existing?: Buffer;
  signal?: AbortSignal;
}) {
  const folder = await temporaryFolder();
  const path = join(folder, 'x.pt');
  if (given.existing) writeFileSync(path, given.existing);
  const fileSystem = new FaultyFileSystem(given.faults);
  const options = { fileSystem, ...(given.signal && { signal: given.signal }) };
  const [outcome] = await Promise.allSettled([publishCheckpoint(path, given.content ?? content(), options)]);
  const names = readdirSync(folder);
  return {
    calls: fileSystem.calls,
    result: outcome.status === 'fulfilled' ? outcome.value : undefined,
    error: outcome.status === 'rejected' ? (outcome.reason as NodeJS.ErrnoException) : undefined,
    others: names.filter((name) => name !== 'x.pt'),
    bytes: names.includes('x.pt') ? readFileSync(path) : undefined,
    entry: validateCheckpointSync(path, { level: 'deep' }),
  };
}

function faultAt(number: number, fault: Fault): FaultyOptions {
  return { fault: (call) => (call.number === number ? fault : undefined) };
}

function faultsOf(operation: Call['operation'], fault: Fault): FaultyOptions {
  return { fault: (call) => (call.operation === operation ? fault : undefined) };
}

function brokenPromise(
  { result, error, entry, bytes, others }: Awaited<ReturnType<typeof attempt>>,
  operation: string,
  lie: boolean,
  existing?: Buffer,
): string | undefined {
  if (others.length > 0 && operation !== 'unlink') return `left ${others.join()}`;
  if (existing) return bytes?.equals(existing) ? undefined : 'changed what was there';
  // Without links, an exclusive create whose answer is lost leaves the empty file that holds the name.
  if (lie && operation === 'open' && bytes?.length === 0) return undefined;
  if (error && !error.message.includes('x.pt')) return `unnamed error: ${error.message}`;
  if (!result && !bytes) return undefined;
  return entry.result === 'valid' && entry.status === 'complete' ? undefined : `left ${entry.reason ?? entry.status}`;
}

function flipping(times: number): { faults: FaultyOptions; flips: () => number } {
  let flips = 0;
  const tamper = (bytes: Uint8Array): Uint8Array => {
    if (flips === times || bytes.length < 100) return bytes;
    flips++;
    const changed = Uint8Array.from(bytes);
    const at = Math.floor(bytes.length / 2);
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    return changed;
  };
  return { faults: { tamper }, flips: () => flips };
}

/** Storage without links on which rename fails, too. */
function noLinkNoRename({ operation }: Call): Fault | undefined {
  if (operation === 'link') return { errno: 'EPERM' };
  return operation === 'rename' ? { errno: 'EIO' } : undefined;
}

/** Breaks the 13 bytes that turn `in_progress` into `complete`. */
function breakPatch(bytes: Uint8Array): Uint8Array {
  return bytes.length === 13 ? bytes.map((byte) => byte ^ 1) : bytes;
}

describe('a sound storage', () => {
  it.each(KINDS)('%s → a complete, deep valid file, its digest, and nothing else', async (kind) => {
    const folder = await temporaryFolder();
    const path = join(folder, 'x.pt');
    const result = await publishCheckpoint(path, content(kind));
    const bytes = readFileSync(path);
    expect(result).toEqual({
      outcome: 'published',
      path,
      bytes: bytes.length,
      sha256: sha256(path),
      rows: 3,
      dim: DIMS[kind],
    });
    expect(readdirSync(folder)).toEqual(['x.pt']);
    const { ids } = content(kind);
    expect(validateCheckpointSync(path, { level: 'deep', expect: { kind, ids, dim: DIMS[kind] } })).toMatchObject({
      result: 'valid',
      kind,
      version: '1.0',
      status: 'complete',
      rows: 3,
      integrity: 'verified',
    });
  });

  it('more than 4 MiB → the same', async () => {
    const { result, bytes, entry, others } = await attempt({ content: largeContent() });
    expect(result?.sha256).toBe(
      createHash('sha256')
        .update(bytes ?? '')
        .digest('hex'),
    );
    expect(entry).toMatchObject({ result: 'valid', status: 'complete', integrity: 'verified' });
    expect(others).toEqual([]);
  });

  it('the same content twice, in two folders → the same bytes', async () => {
    const [first, second] = [await attempt({}), await attempt({})];
    expect(first.bytes?.equals(second.bytes ?? Buffer.alloc(0))).toBe(true);
  });

  it('a one-row file → two fsyncs of the file, one of the folder, and 20 system calls at most', async () => {
    const { calls } = await attempt({ content: content('vectors', 1) });
    const count = (operation: string): number => calls.filter((call) => call.operation === operation).length;
    expect([count('sync'), count('syncFolder')]).toEqual([2, 1]);
    expect(calls.length).toBeLessThanOrEqual(20);
    const order = calls.map((call) => call.operation).filter((name) => /sync|link/.test(name));
    expect(order).toEqual(['sync', 'sync', 'link', 'syncFolder', 'unlink']);
  });

  it('a name of 255 bytes, many of them in one character → published', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, `${'é'.repeat(126)}.pt`);
    expect(Buffer.byteLength(basename(path))).toBe(255);
    await publishCheckpoint(path, content());
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('progress → bytes written so far, up to the size', async () => {
    const seen: number[] = [];
    const path = join(await temporaryFolder(), 'x.pt');
    const { bytes } = await publishCheckpoint(path, largeContent(), { onProgress: (written) => seen.push(written) });
    expect(seen.at(-1)).toBe(bytes);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });
});

describe('content that no checkpoint can hold', () => {
  it.each<[string, CheckpointContent, string]>([
    ['a wrong dimension', content('protein', 1, 4), 'wrong last dimension for protein: expected 2560, got 4'],
    ['vectors of 3,328', content('vectors', 1, 3328), 'wrong last dimension for vectors: 3328 is that of merged'],
    ['other ids than rows', { ...content(), ids: ['a'] }, 'rows do not match ids: expected 1 rows, got 3'],
    ['no rows', content('vectors', 0), 'there are no rows to write'],
  ])('%s → incompatible, nothing written', async (_, wrong, text) => {
    const { error, others, bytes, calls } = await attempt({ content: wrong });
    expect(error).toMatchObject({ class: 'incompatible', reason: `incompatible: ${text}` });
    expect({ others, bytes, calls }).toEqual({ others: [], bytes: undefined, calls: [] });
  });

  it.each(KINDS)('NaN in a row of %s → NON_FINITE with the row, nothing left', async (kind) => {
    const good = content(kind);
    const rows = {
      ...good.rows,
      read: (start: number, count: number, into: Float32Array) => {
        good.rows.read(start, count, into);
        into[(2 - start) * DIMS[kind]] = NaN;
      },
    };
    const { error, others, bytes } = await attempt({ content: { ...good, rows } });
    expect(error).toMatchObject({ code: 'NON_FINITE', reason: 'incompatible: row 2 ("id2") holds NaN or Inf' });
    expect({ others, bytes }).toEqual({ others: [], bytes: undefined });
  });

  it('a name that states another kind → incompatible', async () => {
    const path = join(await temporaryFolder(), 'x_ESM.pt');
    await expect(publishCheckpoint(path, content())).rejects.toMatchObject({ code: 'KIND_MISMATCH' });
  });
});

describe('a target that is there already', () => {
  it('the same ids, dimension and kind with other values → kept, told as existing', async () => {
    const existing = (await attempt({ content: content('vectors', 3, 16, 100) })).bytes;
    if (existing === undefined) throw new Error('nothing was published');
    const { result, bytes, others, calls } = await attempt({ existing });
    expect(result).toMatchObject({ outcome: 'existing', bytes: existing.length, rows: 3, dim: 16 });
    expect(result?.sha256).toBe(createHash('sha256').update(existing).digest('hex'));
    expect(bytes?.equals(existing)).toBe(true);
    expect(others).toEqual([]);
    expect(calls.filter((call) => call.operation === 'syncFolder')).toHaveLength(1);
  });

  it.each<[string, () => Promise<Buffer>]>([
    ['other ids', async () => bytesOf(vectors({ ids: ['x', 'y', 'z'], dim: 16 }))],
    ['another order', async () => bytesOf(vectors({ ids: ['id1', 'id0', 'id2'], dim: 16 }))],
    ['another dimension', async () => bytesOf(vectors({ ids: ['id0', 'id1', 'id2'], dim: 15 }))],
    ['in_progress', async () => bytesOf(vectors({ ids: ['id0', 'id1', 'id2'], dim: 16, status: 'in_progress' }))],
    [
      'NaN',
      async () => bytesOf(vectors({ ids: ['id0', 'id1', 'id2'], dim: 16, values: new Float32Array(48).fill(NaN) })),
    ],
    ['nothing', async () => Buffer.alloc(0)],
    ['no checkpoint', async () => Buffer.from('somebody wrote this')],
  ])('%s → incompatible, untouched, no temporary file', async (_, make) => {
    const existing = await make();
    const { error, bytes, others } = await attempt({ existing });
    expect(error).toMatchObject({ class: 'incompatible', code: 'TARGET_TAKEN' });
    expect(bytes?.equals(existing)).toBe(true);
    expect(others).toEqual([]);
  });

  it('a folder → incompatible', async () => {
    const path = join(await temporaryFolder(), 'x.pt');
    mkdirSync(path);
    await expect(publishCheckpoint(path, content())).rejects.toMatchObject({ code: 'TARGET_TAKEN' });
  });

  it('twenty publishers at once → one publishes, the others find its file', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'x.pt');
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => publishCheckpoint(path, content('vectors', 3, 16, index))),
    );
    expect(results.filter((result) => result.outcome === 'published')).toHaveLength(1);
    expect(new Set(results.map((result) => result.sha256))).toEqual(new Set([sha256(path)]));
    expect(readdirSync(folder)).toEqual(['x.pt']);
  });
});

async function bytesOf(root: Parameters<typeof writePt>[1]): Promise<Buffer> {
  return readFileSync(await writePt(join(await temporaryFolder(), 'y.pt'), root));
}

describe('every operation failing once', () => {
  const ERRNOS = ['EIO', 'ENOSPC', 'EDQUOT', 'ESTALE', 'EINTR'];

  interface Sweep {
    content?: CheckpointContent;
    existing?: Buffer;
    base?: FaultyOptions;
    errnos?: string[];
  }

  /** @returns what broke a promise, of all operations failing one at a time with each errno, carried out or not */
  async function sweep(given: Sweep): Promise<string[]> {
    const broken: string[] = [];
    const { calls } = await attempt({ ...given, ...(given.base && { faults: given.base }) });
    for (const errno of given.errnos ?? ERRNOS) {
      for (const lie of [false, true]) {
        for (const failing of calls) {
          const once = faultAt(failing.number, { errno, lie });
          const fault = (call: Call) => once.fault?.(call) ?? given.base?.fault?.(call);
          const ended = await attempt({ ...given, faults: { ...given.base, fault } });
          const promise = brokenPromise(ended, failing.operation, lie, given.existing);
          if (promise)
            broken.push(`${lie ? 'lying ' : ''}${errno} at ${failing.operation} ${failing.number}: ${promise}`);
        }
      }
    }
    expect(calls.length).toBeGreaterThan(10);
    return broken;
  }

  it('a small file → nothing or a complete valid file, no temporary file where unlink works', async () => {
    expect(await sweep({})).toEqual([]);
  });

  it('a large file → the same', async () => {
    expect(await sweep({ content: largeContent(), errnos: ['EIO'] })).toEqual([]);
  });

  it('the same checkpoint there already → untouched', async () => {
    const existing = (await attempt({ content: content('vectors', 3, 16, 100) })).bytes;
    if (existing === undefined) throw new Error('nothing was published');
    expect(await sweep({ existing, errnos: ['EIO', 'ENOSPC'] })).toEqual([]);
  });

  it('another file there already → untouched', async () => {
    expect(await sweep({ existing: Buffer.from('somebody wrote this'), errnos: ['EIO', 'ENOSPC'] })).toEqual([]);
  });

  it('storage without links → nothing or a complete valid file', async () => {
    expect(await sweep({ base: faultsOf('link', { errno: 'EPERM' }), errnos: ['EIO'] })).toEqual([]);
  });

  it('writes of 7 bytes at most → nothing or a complete valid file', async () => {
    const { result, entry } = await attempt({ faults: { shortWrites: 7 } });
    expect(result?.outcome).toBe('published');
    expect(entry).toMatchObject({ result: 'valid', integrity: 'verified' });
  });

  it.each(['sync', 'close'] as const)(
    'a failed %s → the file is not touched again but to close and unlink it',
    async (operation) => {
      const { calls } = await attempt({});
      for (const { number } of calls.filter((call) => call.operation === operation)) {
        const failed = await attempt({ faults: faultAt(number, { errno: 'EIO' }) });
        expect(failed.error).toMatchObject({ code: 'EIO' });
        const after = failed.calls.slice(number).map((call) => call.operation);
        expect(after.filter((name) => name !== 'close' && name !== 'unlink')).toEqual([]);
      }
    },
  );
});

describe('link', () => {
  it.each(['EIO', 'ETIMEDOUT', 'EEXIST', 'EPERM'])('done but reported as %s → published', async (errno) => {
    const { result, others } = await attempt({ faults: faultsOf('link', { errno, lie: true }) });
    expect(result).toMatchObject({ outcome: 'published' });
    expect(result?.linksUnsupported).toBeUndefined();
    expect(others).toEqual([]);
  });

  it.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])('%s → published by rename, and told', async (errno) => {
    const { result, entry, others } = await attempt({ faults: faultsOf('link', { errno }) });
    expect(result).toMatchObject({ outcome: 'published', linksUnsupported: true });
    expect(entry.result).toBe('valid');
    expect(others).toEqual([]);
  });

  it('no links, target there → not replaced', async () => {
    const existing = Buffer.from('somebody wrote this');
    const { error, bytes } = await attempt({ existing, faults: faultsOf('link', { errno: 'ENOSYS' }) });
    expect(error).toMatchObject({ code: 'TARGET_TAKEN' });
    expect(bytes?.equals(existing)).toBe(true);
  });

  it('no links, a rename that fails → the reserved name is given back', async () => {
    const { error, bytes, others } = await attempt({ faults: { fault: noLinkNoRename } });
    expect(error).toMatchObject({ code: 'EIO' });
    expect({ bytes, others }).toEqual({ bytes: undefined, others: [] });
  });

  it('EEXIST with nothing there, for ever → the errno error', async () => {
    const { error } = await attempt({ faults: faultsOf('link', { errno: 'EEXIST' }) });
    expect(error).toMatchObject({ code: 'EEXIST' });
  });
});

describe('bytes that read back differently', () => {
  it.each([1, 2])('%d times → written again to a new temporary file, then published', async (times) => {
    const { faults } = flipping(times);
    const { result, entry, calls, others } = await attempt({ faults });
    expect(result?.outcome).toBe('published');
    expect(entry).toMatchObject({ result: 'valid', integrity: 'verified' });
    const temps = calls
      .filter((call) => call.operation === 'open' && call.path.endsWith('.tmp'))
      .map((call) => call.path);
    expect(new Set(temps).size).toBe(times + 1);
    expect(others).toEqual([]);
  });

  it('always → corrupted, WRITE_VERIFICATION, nothing left', async () => {
    const { faults, flips } = flipping(Infinity);
    const { error, bytes, others } = await attempt({ faults });
    expect(error).toMatchObject({ class: 'corrupted', code: 'WRITE_VERIFICATION' });
    expect(error?.message).toMatch(
      /x\.pt: corrupted: the file read back differently 3 times \(corrupted: .*\); check the storage/,
    );
    expect(flips()).toBe(3);
    expect({ bytes, others }).toEqual({ bytes: undefined, others: [] });
  });

  it('a large file, always → the same', async () => {
    const { error } = await attempt({ content: largeContent(), faults: flipping(Infinity).faults });
    expect(error).toMatchObject({ code: 'WRITE_VERIFICATION' });
  });

  it('in the bytes that complete it → found before it is linked', async () => {
    const { error, bytes } = await attempt({ faults: { tamper: breakPatch } });
    expect(error).toMatchObject({ code: 'WRITE_VERIFICATION' });
    expect(bytes).toBeUndefined();
  });
});

describe('cancellation', () => {
  it('aborted before → rejects with the reason, nothing written', async () => {
    const reason = new Error('enough');
    const { error, calls } = await attempt({ signal: AbortSignal.abort(reason) });
    expect(error).toBe(reason);
    expect(calls).toEqual([]);
  });

  it('aborted while writing → rejects with the reason, nothing left', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const fault = ({ operation }: Call): undefined => {
      if (operation === 'write') controller.abort(reason);
      return undefined;
    };
    const { error, bytes, others } = await attempt({
      faults: { fault },
      content: largeContent(),
      signal: controller.signal,
    });
    expect(error).toBe(reason);
    expect({ bytes, others }).toEqual({ bytes: undefined, others: [] });
  });
});
