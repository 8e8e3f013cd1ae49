import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Command } from '../support/command.ts';
import { startDevServer, type DevServer } from '../support/dev-server.ts';
import { processesOf } from '../support/processes.ts';
import {
  checkpointNames,
  contentOf,
  contentsOf,
  embeddedTimes,
  fasta,
  leftovers,
  listing,
  logLines,
  makeInputs,
} from '../support/run-folder.ts';
import { workplace, type Workplace } from '../support/workplace.ts';
import { vectors, writePt } from '../support/write-pt.ts';

/** One server and one worker process for all tests of this file: the command is a client only. */
let server: DevServer;
let worker: Command;

beforeAll(async () => {
  server = await startDevServer();
  const args = ['worker', '--role', 'all', '--address', server.address];
  worker = new Command(args, { stateHome: join('/nonexistent', randomUUID()) });
  await worker.said('serving all');
});

afterAll(async () => {
  worker?.signal('SIGTERM');
  await worker?.ended;
  await server?.stop();
});

function place(): Workplace {
  return workplace({ TEMPORAL_ADDRESS: server.address });
}

/** Arguments of a run of `in` into `out` with the fake embedder, and its log in `fake.log`. */
function fake(at: Workplace, ...options: string[]): string[] {
  const named = options.flatMap((option) => ['--embedder-option', option]);
  const log = ['--embedder-option', `log=${at.path('fake.log')}`];
  return ['embed', at.path('in'), '--out', at.path('out'), '--embedder', 'fake', ...log, ...named, '--json'];
}

function kmer(at: Workplace, input = 'in', out = 'out'): string[] {
  return ['embed', at.path(input), '--out', at.path(out), '--embedder', 'kmer', '--json'];
}

/** The embedder's process goes on writing to the same file. */
function emptyLog(at: Workplace): void {
  truncateSync(at.path('fake.log'), 0);
}

/** Makes the rest of a checkpoint be missing. */
function truncate(file: string): void {
  truncateSync(file, Math.floor(readFileSync(file).byteLength / 2));
}

describe('embed: a whole run', () => {
  it('4 files → exit 0 and one JSON document with exactly the fields of the contract', async () => {
    const at = place();
    makeInputs(at.folder, 4, 3);
    const { code, stdout, stderr } = await at.run(['embed', 'in', '--out', 'out', '--embedder', 'kmer', '--json']);
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as Record<string, unknown>;
    const { runId } = JSON.parse(readFileSync(at.path('out', 'run.json'), 'utf8')) as { runId: string };
    expect(result).toEqual({
      schema: 1,
      outcome: 'success',
      exitCode: 0,
      workflowId: `virnucpro-${runId.replaceAll('-', '').slice(0, 12)}`,
      tasks: 4,
      found: 0,
      embedded: 4,
      failed: 0,
      skipped: 0,
      skippedSequences: 0,
      rows: 12,
      checkpoints: [0, 1, 2, 3].map((n) => ({ path: `out/s0${n}_KMER.pt`, result: 'embedded' })),
      seconds: expect.any(Number),
    });
    expect(stderr).toContain('Found 0/4 checkpoints, resuming 4 files');
    expect(stderr).toContain('Started virnucpro-');
    expect(leftovers(at.path('out'))).toEqual([]);
  });

  it('without --json → stdout names outcome, counts and folder; progress goes to stderr', async () => {
    const at = place();
    makeInputs(at.folder, 2, 1);
    const { code, stdout, stderr } = await at.run(kmer(at).slice(0, -1));
    expect(code).toBe(0);
    expect(stdout).toContain('success: 2 checkpoints: 0 found, 2 embedded, 0 failed, 0 skipped; 2 rows');
    expect(stdout).toContain(at.path('out'));
    expect(stderr).toContain('Found 0/2 checkpoints, resuming 2 files');
  });

  it('run again → finds all, embeds nothing and says so once', async () => {
    const at = place();
    makeInputs(at.folder, 4, 2);
    await at.run(fake(at));
    const before = readFileSync(at.path('out', 's00_FAKE.pt'));
    const { code, stdout, stderr } = await at.run(fake(at));
    expect(code).toBe(0);
    expect(stderr.split('Found 4/4 checkpoints, resuming 0 files')).toHaveLength(2);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'success', found: 4, embedded: 0, rows: 8 });
    expect(logLines(at.path('fake.log'))).toHaveLength(8);
    expect(readFileSync(at.path('out', 's00_FAKE.pt'))).toEqual(before);
  });

  it('5 of 20 deleted → exactly these are embedded again, with the same contents', async () => {
    const at = place();
    makeInputs(at.folder, 20, 2);
    expect((await at.run(fake(at))).code).toBe(0);
    const whole = await contentsOf(at.path('out'));
    const deleted = ['s03', 's07', 's11', 's12', 's19'];
    for (const stem of deleted) rmSync(at.path('out', `${stem}_FAKE.pt`));
    emptyLog(at);
    const { code, stdout, stderr } = await at.run(fake(at));
    expect(stderr).toContain('Found 15/20 checkpoints, resuming 5 files');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'success', tasks: 20, found: 15, embedded: 5, rows: 40 });
    expect(await contentsOf(at.path('out'))).toEqual(whole);
    expect([...embeddedTimes(at.path('fake.log')).keys()].toSorted()).toEqual(
      deleted.flatMap((stem) => [`${stem}.fa:0`, `${stem}.fa:1`]),
    );
  });

  it('windows and parts → numbered checkpoints that together hold every window in order', async () => {
    const at = place();
    mkdirSync(at.path('in'));
    writeFileSync(at.path('in', 'g.fa'), fasta('g', 1, 1000));
    const args = [...kmer(at), '--chunk-length', '100', '--sequences-per-file', '4'];
    const { code } = await at.run(args);
    expect(code).toBe(0);
    const contents = await contentsOf(at.path('out'));
    expect(Object.keys(contents)).toEqual(['g_1_KMER.pt', 'g_2_KMER.pt', 'g_3_KMER.pt']);
    const ids = Object.values(contents).flatMap((one) => one.ids);
    expect(ids).toHaveLength(10);
    expect(new Set(ids).size).toBe(10);
    expect(ids.every((id) => id.startsWith('g_0'))).toBe(true);
  });

  it('two embedders → a checkpoint of each for every file', async () => {
    const at = place();
    makeInputs(at.folder, 2, 2);
    const args = [...kmer(at), '--embedder', 'fake', '--embedder-option', 'fake:dim=5'];
    const { code, stdout } = await at.run(args);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ tasks: 4, embedded: 4, rows: 8 });
    expect(checkpointNames(at.path('out'))).toEqual(['s00_FAKE.pt', 's00_KMER.pt', 's01_FAKE.pt', 's01_KMER.pt']);
    expect((await contentOf(at.path('out', 's00_FAKE.pt'))).rows[0]).toHaveLength(5);
    expect((await contentOf(at.path('out', 's00_KMER.pt'))).rows[0]).toHaveLength(136);
  });

  it('more than 100 named inputs → all embedded', async () => {
    const at = place();
    const folder = makeInputs(at.folder, 101, 1, 20);
    const files = readdirSync(folder).map((name) => join(folder, name));
    const { code, stdout } = await at.run(['embed', ...files, ...kmer(at).slice(2)]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'success', tasks: 101, embedded: 101 });
  });

  it('stdin → embedded once; the same data again → found', async () => {
    const at = place();
    const args = ['embed', '-', '--out', at.path('out'), '--embedder', 'kmer', '--json'];
    const first = await at.run(args, { stdin: fasta('p', 2) });
    expect(JSON.parse(first.stdout)).toMatchObject({ outcome: 'success', tasks: 1, embedded: 1, rows: 2 });
    const second = await at.run(args, { stdin: fasta('p', 2) });
    expect(JSON.parse(second.stdout)).toMatchObject({ outcome: 'success', tasks: 1, found: 1, rows: 2 });
  });

  it('validate-checkpoints --deep of the result → all valid', async () => {
    const at = place();
    makeInputs(at.folder, 3, 2);
    await at.run(kmer(at));
    const { code, stdout } = await at.run(['validate-checkpoints', at.path('out'), '--deep', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ found: 3, valid: 3, failed: 0, inProgress: 0 });
  });

  it('an embedder added later → its checkpoints are made, the others found', async () => {
    const at = place();
    makeInputs(at.folder, 2, 1);
    await at.run(kmer(at));
    const { stdout } = await at.run([...kmer(at), '--embedder', 'fake']);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'success', found: 2, embedded: 2 });
  });
});

describe('embed: bad checkpoints', () => {
  async function withTruncated(): Promise<{ at: Workplace; bad: string; bytes: Buffer }> {
    const at = place();
    makeInputs(at.folder, 3, 2);
    await at.run(fake(at));
    const bad = at.path('out', 's01_FAKE.pt');
    truncate(bad);
    rmSync(at.path('out', 's02_FAKE.pt'));
    emptyLog(at);
    return { at, bad, bytes: readFileSync(bad) };
  }

  it('one truncated → exit 3 before any embedding, one line in failed_checkpoints.txt', async () => {
    const { at, bad, bytes } = await withTruncated();
    const { code, stdout } = await at.run(fake(at));
    expect(code).toBe(3);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ schema: 1, outcome: 'checkpoint', exitCode: 3, tasks: 3, found: 1, failed: 1 });
    expect(result.error.type).toBe('CheckpointError.Corrupted');
    expect(result.error.message).toContain('s01_FAKE.pt');
    expect(result.checkpoints).toContainEqual({
      path: bad,
      result: 'failed',
      reason: expect.stringMatching(/^corrupted: /u),
    });
    expect(logLines(at.path('fake.log'))).toEqual([]);
    const lines = readFileSync(at.path('out', 'failed_checkpoints.txt'), 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    const [path, reason, time] = lines[0]!.split('|');
    expect(path).toBe(bad);
    expect(reason).toMatch(/^corrupted: /u);
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)$/u);
    expect(readFileSync(bad)).toEqual(bytes);
    const report = JSON.parse(readFileSync(at.path('out', 'report.json'), 'utf8'));
    expect(report).toMatchObject({ outcome: 'checkpoint', exitCode: 3, failureType: 'CheckpointError.Corrupted' });
  });

  it('--force-resume → exit 2, the others embedded, the bad file byte-identical', async () => {
    const { at, bad, bytes } = await withTruncated();
    const { code, stdout, stderr } = await at.run([...fake(at), '--force-resume']);
    expect(code).toBe(2);
    expect(stderr).toContain('Found 1/3 checkpoints, resuming 1 files');
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ outcome: 'partial', exitCode: 2, found: 1, embedded: 1, skipped: 1, rows: 4 });
    expect(result).not.toHaveProperty('error');
    expect(readFileSync(bad)).toEqual(bytes);
  });

  it('--on-bad-checkpoint recompute → exit 0, the old file kept beside the new one', async () => {
    const { at, bad, bytes } = await withTruncated();
    const { code, stdout } = await at.run([...fake(at), '--on-bad-checkpoint', 'recompute']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'success', found: 1, embedded: 2 });
    expect((await contentOf(bad)).ids).toEqual(['s01_0', 's01_1']);
    const kept = readdirSync(at.path('out')).filter((name) => name.startsWith('s01_FAKE.pt.bad-'));
    expect(kept).toHaveLength(1);
    expect(readFileSync(at.path('out', kept[0]!))).toEqual(bytes);
  });

  it('an in_progress checkpoint → recomputed, kept beside the new one, exit 0', async () => {
    const at = place();
    makeInputs(at.folder, 2, 2);
    await at.run(fake(at));
    const file = at.path('out', 's01_FAKE.pt');
    const content = await contentOf(file);
    await markInProgress(file);
    const { code, stdout, stderr } = await at.run(fake(at));
    expect(stderr).toContain('Found 1/2 checkpoints, resuming 1 files');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'success', found: 1, embedded: 1 });
    expect(await contentOf(file)).toEqual(content);
    expect(existsSync(at.path('out', 'failed_checkpoints.txt'))).toBe(false);
    expect(readdirSync(at.path('out')).filter((name) => name.includes('.bad-'))).toHaveLength(1);
  });

  it('a checkpoint of other records → incompatible, exit 3, naming the ids', async () => {
    const at = place();
    makeInputs(at.folder, 2, 2);
    await at.run(fake(at));
    writeFileSync(at.path('out', 's01_FAKE.pt'), readFileSync(at.path('out', 's00_FAKE.pt')));
    const { code, stdout } = await at.run(fake(at));
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ error: { type: 'CheckpointError.Incompatible' } });
    expect(stdout).toContain('ids do not match s01.fa');
  });

  it('--skip-checkpoint-validation → other content is believed, and the report says so', async () => {
    const at = place();
    makeInputs(at.folder, 1, 2);
    await at.run(fake(at));
    swapIds(at.path('out', 's00_FAKE.pt'));
    expect((await at.run(fake(at))).code).toBe(3);
    const { code, stderr } = await at.run([...fake(at), '--skip-checkpoint-validation']);
    expect(stderr).toContain('Found 1/1 checkpoints, resuming 0 files');
    expect(code).toBe(0);
    const report = JSON.parse(readFileSync(at.path('out', 'report.json'), 'utf8'));
    expect(report).toMatchObject({ outcome: 'success', validation: 'skipped', found: 1 });
  });
});

/** Turns a finished checkpoint into what a writer without a publish protocol leaves when it is interrupted. */
async function markInProgress(file: string): Promise<void> {
  const { ids, rows } = await contentOf(file);
  const values = Float32Array.from(rows.flat());
  await writePt(file, vectors({ ids, dim: rows[0]!.length, values, status: 'in_progress' }));
}

describe('embed: embedders that fail', () => {
  it('a record that fails alone → exit 2, a line in failed_files.txt, the others embedded', async () => {
    const at = place();
    makeInputs(at.folder, 3, 4);
    const { code, stdout } = await at.run(fake(at, 'failOn=s01_2'));
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'partial', embedded: 2, failed: 1, rows: 8 });
    const lines = readFileSync(at.path('out', 'failed_files.txt'), 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    const [file, embedder, reason] = lines[0]!.split('|');
    expect([file, embedder]).toEqual([at.path('in', 's01.fa'), 'fake']);
    expect(reason).toContain('"s01_2"');
    expect(checkpointNames(at.path('out'))).toEqual(['s00_FAKE.pt', 's02_FAKE.pt']);
  });

  it('the record is mended by its option → the next run embeds the rest of the file only, exit 0', async () => {
    const at = place();
    makeInputs(at.folder, 1, 8);
    const batches = ['--batch-size', '2'];
    expect((await at.run([...fake(at, 'failOn=s00_7'), ...batches])).code).toBe(2);
    const { code } = await at.run([...fake(at), ...batches]);
    expect(code).toBe(0);
    expect(existsSync(at.path('out', 'failed_files.txt'))).toBe(false);
    const times = embeddedTimes(at.path('fake.log'));
    expect([...times.keys()]).toHaveLength(8);
    for (const ordinal of [0, 1, 2, 3]) expect(times.get(`s00.fa:${ordinal}`)).toBe(1);
    expect(leftovers(at.path('out'))).toEqual([]);
  });

  it('a NaN row → exit 2, naming the record, no checkpoint of its file', async () => {
    const at = place();
    makeInputs(at.folder, 2, 3);
    const { code } = await at.run(fake(at, 'nanOn=s00_1'));
    expect(code).toBe(2);
    expect(readFileSync(at.path('out', 'failed_files.txt'), 'utf8')).toMatch(/s00\.fa\|fake\|.*NaN.*"s00_1"/u);
    expect(checkpointNames(at.path('out'))).toEqual(['s01_FAKE.pt']);
  });

  it('batches that are too large for the memory → smaller ones, exit 0, no row twice', async () => {
    const at = place();
    makeInputs(at.folder, 1, 20);
    const { code, stdout } = await at.run([...fake(at, 'oomAbove=3'), '--batch-size', '16']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'success', rows: 20 });
    const times = embeddedTimes(at.path('fake.log'));
    expect(times.size).toBe(20);
    expect([...times.values()].every((count) => count === 1)).toBe(true);
  });

  it('an embedder that kills itself in every task → exit 0, at most one batch of each file repeated', async () => {
    const at = place();
    makeInputs(at.folder, 2, 12);
    const { code, stdout } = await at.run([...fake(at, 'crashAt=7'), '--batch-size', '4']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'success', rows: 24 });
    const times = embeddedTimes(at.path('fake.log'));
    expect(times.size).toBe(24);
    // One process embeds both files, so a file's crash may cost the other one its batch, too.
    const repeats = [...times.values()].reduce((sum, count) => sum + count - 1, 0);
    expect(repeats).toBeLessThanOrEqual(2 * 2 * 4);
    expect((await contentOf(at.path('out', 's00_FAKE.pt'))).ids).toHaveLength(12);
  });
});

describe('embed --dry-run', () => {
  it('nothing there → a plan, exit 0, nothing written, no server needed', async () => {
    const at = workplace({ TEMPORAL_ADDRESS: '127.0.0.1:1' });
    makeInputs(at.folder, 2, 3);
    const before = listing(at.folder);
    const { code, stdout } = await at.run([...kmer(at), '--dry-run']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'planned', tasks: 2, found: 0, pending: 2 });
    expect(listing(at.folder)).toEqual(before);
  });

  it('a run folder with a bad checkpoint → named with its reason, nothing changed', async () => {
    const at = place();
    makeInputs(at.folder, 3, 2);
    await at.run(fake(at));
    truncate(at.path('out', 's00_FAKE.pt'));
    const before = snapshot(at.path('out'));
    const { stdout } = await at.run([...fake(at), '--dry-run']);
    const plan = JSON.parse(stdout);
    expect(plan).toMatchObject({ tasks: 3, found: 2, bad: 1, message: 'Found 2/3 checkpoints, resuming 0 files' });
    expect(plan.plan.find(({ state }: { state: string }) => state === 'bad')).toMatchObject({ reason: 'corrupted' });
    expect(snapshot(at.path('out'))).toEqual(before);
  });
});

/** Changes an id inside data.pkl without mending its CRC. */
function swapIds(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.indexOf('s00_1') + 4] = '7'.charCodeAt(0);
  writeFileSync(file, bytes);
}

function snapshot(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => join(entry.parentPath, entry.name)).map((file) => [file, readFileSync(file, 'latin1')]),
  );
}

describe('embed: an existing folder with other settings', () => {
  it('each difference is named, exit 3, nothing embedded', async () => {
    const at = place();
    makeInputs(at.folder, 2, 2);
    await at.run(fake(at));
    writeFileSync(at.path('in', 's01.fa'), fasta('changed', 2));
    const before = checkpointNames(at.path('out'));
    const args = [...fake(at, 'dim=8'), '--chunk-length', '30', '--sequences-per-file', '5'];
    const { code, stdout } = await at.run(args);
    expect(code).toBe(3);
    const { error } = JSON.parse(stdout);
    expect(error.type).toBe('CheckpointError.Incompatible');
    expect(error.message).toContain('chunk length: none in run.json, 30 now');
    expect(error.message).toContain('sequences per file: 10000 in run.json, 5 now');
    expect(error.message).toContain('embedder fake, dim: 16 in run.json, 8 now');
    expect(error.message).toContain('content of input s01 (SHA-256)');
    expect(checkpointNames(at.path('out'))).toEqual(before);
  });

  it('batch size, delay and log differ → no difference', async () => {
    const at = place();
    makeInputs(at.folder, 1, 2);
    await at.run(fake(at));
    const { code } = await at.run([...fake(at, 'delayMs=1'), '--batch-size', '1']);
    expect(code).toBe(0);
  });

  it('an input that is not named any more → reported, its checkpoint kept', async () => {
    const at = place();
    makeInputs(at.folder, 2, 2);
    await at.run(kmer(at));
    rmSync(at.path('in', 's01.fa'));
    expect((await at.run(kmer(at))).code).toBe(0);
    expect(checkpointNames(at.path('out'))).toEqual(['s00_KMER.pt', 's01_KMER.pt']);
    expect(JSON.parse(readFileSync(at.path('out', 'report.json'), 'utf8')).absentInputs).toEqual(['s01']);
  });
});

describe('embed: inputs that are accepted', () => {
  it('CRLF, byte order mark, lower case, blank lines, gzip, gzip of two members → the values of the plain file', async () => {
    const at = place();
    mkdirSync(at.path('in'));
    const text = fasta('x', 3);
    const variants: Record<string, string | Uint8Array> = {
      plain: text,
      crlf: text.replaceAll('\n', '\r\n'),
      mark: `\u{feff}${text}`,
      lower: text.replaceAll(/^[ACGT]+$/gmu, (line) => line.toLowerCase()),
      blank: `\n\n${text.replaceAll('\n', '\n\n')}`,
      gzip: gzipSync(text),
      members: Buffer.concat([gzipSync(text.slice(0, 50)), gzipSync(text.slice(50))]),
    };
    for (const [stem, content] of Object.entries(variants)) writeFileSync(at.path('in', `${stem}.fa`), content);
    expect((await at.run(kmer(at))).code).toBe(0);
    const { 'plain_KMER.pt': plain, ...others } = await contentsOf(at.path('out'));
    expect(plain?.ids).toEqual(['x_0', 'x_1', 'x_2']);
    expect(Object.keys(others)).toHaveLength(6);
    for (const content of Object.values(others)) expect(content).toEqual(plain);
  });
});

/** Exit 1, an error document on stdout, a message on stderr, and no checkpoint or spool. */
async function expectRefusal(at: Workplace, args: readonly string[], message: string | RegExp, stdin?: string) {
  const { code, stdout, stderr } = await at.run(args, stdin === undefined ? {} : { stdin });
  expect(stderr).toMatch(message);
  expect(code).toBe(1);
  const result = JSON.parse(stdout);
  expect(result).toMatchObject({ schema: 1, outcome: 'failed', exitCode: 1, tasks: 0, embedded: 0, checkpoints: [] });
  expect(result.error.message).toMatch(message);
  expect(listing(at.path('out')).filter((name) => name.endsWith('.pt'))).toEqual([]);
  expect(leftovers(at.path('out'))).toEqual([]);
  return result;
}

describe('embed: bad input → exit 1 and what to do', () => {
  const cases: [what: string, name: string, content: string | Uint8Array, message: RegExp][] = [
    ['an empty file', 'a.fa', '', /a\.fa: expected FASTA records, found an empty file/u],
    ['a file that is not FASTA', 'a.fa', 'hello\n', /a\.fa:1: expected FASTA \(">"\), found "h"/u],
    ['FASTQ', 'a.fa', '@r\nACGT\n+\nIIII\n', /FASTQ; convert it/u],
    ['truncated gzip', 'a.fa.gz', gzipSync(fasta('x', 50)).subarray(0, 500), /a\.fa\.gz: .*truncated/u],
    ['a record without a sequence', 'a.fa', '>x\n>y\nACGT\n', /a\.fa:1: record "x" has no sequence/u],
    ['duplicate ids', 'a.fa', '>x\nACGT\n>x 2\nACGT\n', /a\.fa:3: duplicate id "x", already on line 1/u],
  ];
  it.each(cases)('%s', async (_, name, content, message) => {
    const at = place();
    mkdirSync(at.path('in'));
    writeFileSync(at.path('in', name), content);
    const { error } = await expectRefusal(at, kmer(at), message);
    expect(error.type).toBe('RunError.InvalidInput');
  });

  it('several bad files → all are listed', async () => {
    const at = place();
    makeInputs(at.folder, 2, 1);
    writeFileSync(at.path('in', 'a.fa'), '');
    writeFileSync(at.path('in', 'b.fa'), 'nonsense');
    const { error } = await expectRefusal(at, kmer(at), /a\.fa/u);
    expect(error.message).toContain('b.fa');
  });

  it('a missing file → named, nothing written', async () => {
    const at = place();
    await expectRefusal(at, kmer(at, 'gone.fa'), /gone\.fa: no such file or folder/u);
    expect(existsSync(at.path('out'))).toBe(false);
  });

  it('a folder without FASTA → named with the extensions, nothing written', async () => {
    const at = place();
    mkdirSync(at.path('in'));
    writeFileSync(at.path('in', 'notes.txt'), 'x');
    await expectRefusal(at, kmer(at), /no FASTA file in this folder \(\.fa \.fasta/u);
    expect(existsSync(at.path('out'))).toBe(false);
  });

  it('two inputs with one output name, compared without case → both are named', async () => {
    const at = place();
    mkdirSync(at.path('in'));
    writeFileSync(at.path('in', 'a.fa'), fasta('x', 1));
    writeFileSync(at.path('in', 'A.fasta'), fasta('y', 1));
    const { error } = await expectRefusal(at, kmer(at), /would both be written to/u);
    expect(error.message).toContain('a.fa');
    expect(error.message).toContain('A.fasta');
  });

  it('empty stdin → exit 1', async () => {
    const at = place();
    await expectRefusal(at, kmer(at).toSpliced(1, 1, '-'), /stdin: no data/u, '');
  });

  it('an unknown embedder → the known ones are listed, nothing written', async () => {
    const at = place();
    makeInputs(at.folder, 1, 1);
    await expectRefusal(at, kmer(at).with(5, 'nosuch'), /unknown embedder "nosuch".*kmer, fake/u);
    expect(existsSync(at.path('out'))).toBe(false);
  });

  it('an unknown option of an embedder → its options are listed', async () => {
    const at = place();
    makeInputs(at.folder, 1, 1);
    await expectRefusal(at, fake(at, 'speed=1'), /has no option "speed".*delayMs/u);
    expect(existsSync(at.path('out'))).toBe(false);
  });

  it('an unknown option of the command, --json → still one error document', async () => {
    const at = place();
    await expectRefusal(at, [...kmer(at), '--nonsense'], /unknown option '--nonsense'/u);
  });

  it('no --embedder, --json → still one error document', async () => {
    const at = place();
    await expectRefusal(at, ['embed', at.path('in'), '--out', at.path('out'), '--json'], /--embedder/u);
  });

  it('the output folder is a file → said so, the file unchanged', async () => {
    const at = place();
    makeInputs(at.folder, 1, 1);
    writeFileSync(at.path('blocked'), 'mine');
    const args = kmer(at, 'in', 'blocked');
    await expectRefusal(at, args, /output folder .*blocked cannot be written/u);
    expect(readFileSync(at.path('blocked'), 'utf8')).toBe('mine');
    await expectRefusal(at, kmer(at, 'in', 'blocked/below'), /output folder .*blocked\/below cannot be written/u);
  });

  it.skipIf(process.getuid?.() === 0)('a read-only output folder (needs a user other than root)', async () => {
    const at = place();
    makeInputs(at.folder, 1, 1);
    mkdirSync(at.path('out'));
    chmodSync(at.path('out'), 0o500);
    await expectRefusal(at, kmer(at), /output folder .* cannot be written: EACCES/u);
  });

  it('--detach without a server of its own → refused, with the way out', async () => {
    const at = workplace();
    makeInputs(at.folder, 1, 1);
    await expectRefusal(at, [...kmer(at), '--detach'], /--detach needs a server that outlives this command/u);
  });

  it('no server at TEMPORAL_ADDRESS → said so with the address, without waiting for long', async () => {
    const at = workplace({ TEMPORAL_ADDRESS: '127.0.0.1:1' });
    makeInputs(at.folder, 1, 1);
    const { seconds } = await expectRefusal(at, kmer(at), /no Temporal server answers at 127\.0\.0\.1:1/u);
    expect(seconds).toBeLessThan(60);
  });

  it('a server that accepts and never answers → said so', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const at = workplace({ TEMPORAL_ADDRESS: `127.0.0.1:${port}` });
    makeInputs(at.folder, 1, 1);
    await expectRefusal(at, kmer(at), /no Temporal server answers at 127\.0\.0\.1/u);
    silent.close();
  });

  it('a namespace that does not exist → said so with the command that makes it', async () => {
    const at = workplace({ TEMPORAL_ADDRESS: server.address, TEMPORAL_NAMESPACE: 'nowhere' });
    makeInputs(at.folder, 1, 1);
    await expectRefusal(at, kmer(at), /namespace nowhere on .* does not exist; create it/u);
  });
});

describe('embed: with a server of its own', () => {
  it('success → server, worker and embedder process are gone with the command', async () => {
    const at = workplace();
    makeInputs(at.folder, 2, 2);
    const { code, stdout, stderr } = await at.run(fake(at));
    expect(stderr).toMatch(/Temporal UI: http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\/virnucpro-/u);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'success', embedded: 2 });
    expect(processesOf(at.stateHome)).toEqual([]);
  });

  it('bad input → exit 1, nothing left running', async () => {
    const at = workplace();
    mkdirSync(at.path('in'));
    writeFileSync(at.path('in', 'a.fa'), '');
    await expectRefusal(at, kmer(at), /found an empty file/u);
    expect(processesOf(at.stateHome)).toEqual([]);
  });
});

describe('embed --detach', () => {
  it('a server that outlives the command → exit 0, outcome started; the run ends by itself', async () => {
    const at = place();
    makeInputs(at.folder, 2, 2);
    const { code, stdout } = await at.run([...fake(at, 'delayMs=100'), '--detach']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1, outcome: 'started', exitCode: 0 });
    const { stdout: ended } = await at.run(fake(at, 'delayMs=100'));
    expect(JSON.parse(ended)).toMatchObject({ outcome: 'success', tasks: 2, rows: 4 });
  });
});
