import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { writeCheckpoint, type FolderReport } from '../../src/checkpoint/index.ts';
import { workplace, type Workplace } from '../support/workplace.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/checkpoint/', import.meta.url));
const REFERENCE = fileURLToPath(new URL('../../../shared/data/reference-v0/', import.meta.url));
const IS_ROOT = process.getuid?.() === 0;

/** A workplace whose folder `out` holds good checkpoints of three kinds and ages. */
async function placeWithCheckpoints(): Promise<Workplace> {
  const at = workplace();
  mkdirSync(at.path('out'));
  copyFileSync(join(FIXTURES, 'merged_0x.pt'), at.path('out', 'a_merged.pt'));
  copyFileSync(join(FIXTURES, 'protein_0x.pt'), at.path('out', 'b_ESM.pt'));
  await writeCheckpoint(at.path('out', 'c_FAKE.pt'), vectors());
  return at;
}

function vectors() {
  return { kind: 'vectors', ids: ['x', 'y'], rows: new Float32Array(8).fill(1), dim: 4 } as const;
}

async function validateJson(at: Workplace, ...args: string[]) {
  const { code, stdout, stderr } = await at.run(['validate-checkpoints', ...args, '--json']);
  return { code, stderr, report: JSON.parse(stdout) as FolderReport & { error?: { type: string; message: string } } };
}

describe('validate-checkpoints', () => {
  it('all valid → 0, counts, and kinds as they are', async () => {
    const at = await placeWithCheckpoints();
    const { code, report } = await validateJson(at, 'out');
    expect(code).toBe(0);
    expect(report).toMatchObject({ schema: 1, directory: 'out', level: 'structure', found: 3, valid: 3, failed: 0 });
    expect(report).toMatchObject({ inProgress: 0, unavailable: 0 });
    expect(report.checkpoints.map(({ path, kind, version, status }) => [path, kind, version, status])).toEqual([
      ['out/a_merged.pt', 'merged', '0.x', null],
      ['out/b_ESM.pt', 'protein', '0.x', null],
      ['out/c_FAKE.pt', 'vectors', '1.0', 'complete'],
    ]);
  });

  it('one truncated → 3, with class, code and reason; nothing is changed', async () => {
    const at = await placeWithCheckpoints();
    truncateSync(at.path('out', 'b_ESM.pt'), 1000);
    const before = digests(at.path('out'));
    const { code, report } = await validateJson(at, 'out');
    expect(code).toBe(3);
    expect(report).toMatchObject({ found: 3, valid: 2, failed: 1 });
    expect(report.checkpoints[1]).toMatchObject({ path: 'out/b_ESM.pt', result: 'corrupted', bytes: 1000 });
    expect(report.checkpoints[1]?.reason).toMatch(/^corrupted: not a valid ZIP archive/u);
    expect(digests(at.path('out'))).toEqual(before);
  });

  it('for people → the lines of the reference, and the recorded failures', async () => {
    const at = await placeWithCheckpoints();
    writeFileSync(at.path('out', 'd.pt'), '');
    const line = 'out/old.pt|corrupted: file is 0 bytes|2026-01-01T00:00:00';
    writeFileSync(at.path('out', 'failed_checkpoints.txt'), `${line}\nnot a record\n`);
    const { code, stdout, stderr } = await at.run(['validate-checkpoints', 'out']);
    expect(code).toBe(3);
    expect(stdout).toBe(`Found 4 checkpoint file(s)

Validation Results:
  Valid:  3
  Failed: 1

Failed Checkpoints:
  [CORRUPTED] d.pt
    Reason: corrupted: file is 0 bytes

Historical Failures (from failed_checkpoints.txt):
  Total: 1
  old.pt: corrupted: file is 0 bytes
    Time: 2026-01-01T00:00:00+00:00

✗ Validation failed: 1 checkpoint(s) have issues
`);
    expect(stderr).toContain('passed over 1');
  });

  it('one flipped bit in a tensor → only --deep finds it', async () => {
    const at = await placeWithCheckpoints();
    flipLastOf(at.path('out', 'c_FAKE.pt'), new Float32Array(8).fill(1));
    expect((await validateJson(at, 'out')).code).toBe(0);
    const { code, report } = await validateJson(at, 'out', '--deep');
    expect(code).toBe(3);
    expect(report.checkpoints[2]).toMatchObject({ result: 'corrupted', code: 'CRC_MISMATCH' });
  });

  it('--skip-load → level header: a broken pickle goes unseen', async () => {
    const at = await placeWithCheckpoints();
    const { code, report } = await validateJson(at, 'out', '--skip-load');
    expect(code).toBe(0);
    expect(report.level).toBe('header');
    expect(report.checkpoints.map(({ integrity }) => integrity)).toEqual(['header', 'header', 'header']);
  });

  it('--require-keys that one lacks → incompatible, naming the keys', async () => {
    const at = await placeWithCheckpoints();
    const { code, report } = await validateJson(at, 'out', '--require-keys', 'ids,data');
    expect(code).toBe(3);
    expect(report.checkpoints.map(({ result }) => result)).toEqual(['valid', 'incompatible', 'valid']);
    expect(report.checkpoints[1]?.reason).toBe("incompatible: missing required keys {'ids'}");
  });

  it('--recursive → folders below too, but no dot folders', async () => {
    const at = await placeWithCheckpoints();
    mkdirSync(at.path('out', 'sub'));
    mkdirSync(at.path('out', '.virnucpro'));
    await writeCheckpoint(at.path('out', 'sub', 'd_FAKE.pt'), vectors());
    writeFileSync(at.path('out', '.virnucpro', 'e.pt'), '');
    expect((await validateJson(at, 'out')).report.found).toBe(3);
    const { report } = await validateJson(at, 'out', '--recursive');
    expect(report.checkpoints.map(({ path }) => path)).toContain('out/sub/d_FAKE.pt');
    expect(report.found).toBe(4);
  });

  it('a FIFO named like a checkpoint → unavailable, 1, and no hanging', async () => {
    const at = await placeWithCheckpoints();
    if (spawnSync('mkfifo', [at.path('out', 'd.pt')]).status !== 0) return;
    const { code, report } = await validateJson(at, 'out');
    expect(code).toBe(1);
    expect(report).toMatchObject({ valid: 3, failed: 0, unavailable: 1 });
    expect(report.checkpoints[3]).toMatchObject({ result: 'unavailable', code: 'NOT_A_FILE' });
  });

  it.skipIf(IS_ROOT)('one that may not be read → unavailable, 1; with a corrupted one beside it → 3', async () => {
    const at = await placeWithCheckpoints();
    chmodSync(at.path('out', 'a_merged.pt'), 0);
    expect((await validateJson(at, 'out')).code).toBe(1);
    appendFileSync(at.path('out', 'b_ESM.pt'), 'x');
    expect((await validateJson(at, 'out')).code).toBe(3);
  });

  it.each([
    ['a folder that is missing', ['gone'], 'Folder gone does not exist'],
    ['a folder without checkpoints', ['.'], 'No checkpoint files (*.pt) found in .'],
    ['a file', ['out/c_FAKE.pt'], 'out/c_FAKE.pt is not a folder'],
    ['--skip-load and --deep', ['out', '--skip-load', '--deep'], '--skip-load and --deep exclude each other'],
    ['--require-keys with a hole', ['out', '--require-keys', 'a,,b'], '--require-keys "a,,b"'],
  ])('%s → 1, one JSON document, and the reason on stderr', async (_, args, message) => {
    const at = await placeWithCheckpoints();
    const { code, report, stderr } = await validateJson(at, ...args);
    expect(code).toBe(1);
    expect(report).toMatchObject({ schema: 1, found: 0, checkpoints: [], error: { type: 'RunError.InvalidInput' } });
    expect(report.error?.message).toContain(message);
    expect(stderr).toContain(message);
  });

  it.each([[[]], [['out', 'other']], [['out', '--no-such-option']]])('arguments %j → 1', async (args) => {
    const at = workplace();
    const { code, stdout } = await at.run(['validate-checkpoints', ...args]);
    expect([code, stdout]).toEqual([1, '']);
  });

  it.skipIf(!existsSync(REFERENCE))('files of the Python reference → 3 valid, 0.x, deep too', async () => {
    const at = workplace();
    const before = digests(REFERENCE);
    const { code, report } = await validateJson(at, REFERENCE, '--deep');
    expect(code).toBe(0);
    expect(report.checkpoints.map(({ kind, version }) => [kind, version])).toEqual([
      ['nucleotide', '0.x'],
      ['protein', '0.x'],
      ['merged', '0.x'],
    ]);
    expect(digests(REFERENCE)).toEqual(before);
  });
});

function digests(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.pt'));
  return Object.fromEntries(
    names.map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ]),
  );
}

/** Flips one bit of the last value, found by the bytes of all values. */
function flipLastOf(file: string, values: Float32Array): void {
  const bytes = readFileSync(file);
  const at = bytes.indexOf(Buffer.from(values.buffer));
  expect(at).toBeGreaterThan(0);
  bytes.writeUInt8(bytes.readUInt8(at + values.byteLength - 1) ^ 1, at + values.byteLength - 1);
  writeFileSync(file, bytes);
}
