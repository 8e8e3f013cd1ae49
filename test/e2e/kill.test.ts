import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../support/command.ts';
import { processesOf, serversOf, workersOf } from '../support/processes.ts';
import { contentsOf, embeddedTimes, leftovers, logLines, makeInputs } from '../support/run-folder.ts';
import { leaveHalfWritten } from '../support/temp-names.ts';
import { workplace, type Workplace } from '../support/workplace.ts';

const FILES = 6;
const RECORDS = 40;
const BATCH = 8;
const ROWS = FILES * RECORDS;
/** Every file may lose the batch that is being computed or made durable. */
const IN_FLIGHT = FILES * BATCH;

/** About 4 s a file and, at 8 files a time, as long for all of them. */
function embedArgs(place: Workplace, delayMs = 100): string[] {
  return [
    ...['embed', place.path('in'), '--out', place.path('out'), '--embedder', 'fake', '--batch-size', String(BATCH)],
    ...['--embedder-option', `delayMs=${delayMs}`, '--embedder-option', `log=${place.path('out.log')}`, '--json'],
  ];
}

/** Starts a run of its own server and waits until some rows, but not all, have been embedded. */
async function startAndWait(place: Workplace, rows = ROWS / 4, delayMs = 100) {
  makeInputs(place.folder, FILES, RECORDS);
  const command = place.start(embedArgs(place, delayMs));
  await command.until(() => logLines(place.path('out.log')).length >= rows, `${rows} rows were embedded`);
  return command;
}

/** What an uninterrupted run of the same inputs gives; made once. */
let whole: Awaited<ReturnType<typeof contentsOf>>;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'virnucpro-whole-'));
  makeInputs(folder, FILES, RECORDS);
  const args = ['embed', join(folder, 'in'), '--out', join(folder, 'out'), '--embedder', 'fake'];
  const { code, stderr } = await runCommand(args, { stateHome: join(folder, 'state') });
  if (code !== 0) throw new Error(`the uninterrupted run ended with ${code}: ${stderr}`);
  whole = await contentsOf(join(folder, 'out'));
  rmSync(folder, { recursive: true });
});

async function expectWhole(place: Workplace): Promise<void> {
  const contents = await contentsOf(place.path('out'));
  expect(Object.keys(contents)).toHaveLength(FILES);
  expect(contents).toEqual(whole);
  const times = embeddedTimes(place.path('out.log'));
  expect(times.size).toBe(ROWS);
  const repeats = [...times.values()].reduce((sum, count) => sum + count - 1, 0);
  expect(repeats).toBeLessThanOrEqual(IN_FLIGHT);
  expect(Math.max(...times.values())).toBeLessThanOrEqual(2);
  expect(leftovers(place.path('out'))).toEqual([]);
  expect(processesOf(place.stateHome)).toEqual([]);
}

describe('embed, killed and started again', () => {
  it('kill -9 of the process group → the next start ends with 0 and the contents of an uninterrupted run', async () => {
    const place = workplace();
    const first = await startAndWait(place);
    first.signalGroup('SIGKILL');
    expect((await first.ended).code).toBe(137);
    const again = await place.run(embedArgs(place));
    expect(again).toMatchObject({ code: 0 });
    expect(JSON.parse(again.stdout)).toMatchObject({ outcome: 'success', tasks: FILES, rows: ROWS });
    expect(again.stderr).toContain('Attached to virnucpro-');
    await expectWhole(place);
  });

  it('kill -9 of everything, server included → the next start goes on with the same workflow', async () => {
    const place = workplace();
    const first = await startAndWait(place);
    for (const { pid } of processesOf(place.stateHome)) process.kill(pid, 'SIGKILL');
    await first.ended;
    // A kill hits these only now and then.
    leaveHalfWritten(place.path('out', '.virnucpro'), ['owner.json', 'run.json']);
    leaveHalfWritten(place.path('out'), ['report.json', 'failed_files.txt']);
    const again = await place.run(embedArgs(place));
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).toContain('Attached to virnucpro-');
    await expectWhole(place);
  });

  it('SIGTERM → 143, rows flushed, no process left; the next start → 0', async () => {
    const place = workplace();
    const first = await startAndWait(place);
    first.signalGroup('SIGTERM');
    const { code, stdout } = await first.ended;
    expect(code).toBe(143);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1, outcome: null, exitCode: 143 });
    expect(processesOf(place.stateHome)).toEqual([]);
    const again = await place.run(embedArgs(place));
    expect(again).toMatchObject({ code: 0 });
    await expectWhole(place);
  });

  it('Ctrl-C → 130, outcome cancelled, spool kept, no process left; the next start → 0', async () => {
    const place = workplace();
    const first = await startAndWait(place);
    first.signalGroup('SIGINT');
    const { code, stdout, stderr } = await first.ended;
    expect(code).toBe(130);
    expect(stderr).toContain('cancelling');
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ schema: 1, outcome: 'cancelled', exitCode: 130, tasks: FILES });
    expect(leftovers(place.path('out'))).not.toEqual([]);
    expect(processesOf(place.stateHome)).toEqual([]);
    const again = await place.run(embedArgs(place));
    expect(again).toMatchObject({ code: 0 });
    await expectWhole(place);
  });

  it('kill -9 of the worker process → another is started and the run ends with 0', async () => {
    const place = workplace();
    const run = await startAndWait(place);
    const [worker, ...others] = workersOf(place.stateHome);
    expect(others).toEqual([]);
    process.kill(worker!.pid, 'SIGKILL');
    const { code, stderr } = await run.ended;
    expect(stderr).toContain('the worker process ended (SIGKILL');
    expect(code).toBe(0);
    await expectWhole(place);
  });

  it('kill -9 of the Temporal server → another is started on its database and the run ends with 0', async () => {
    const place = workplace();
    const run = await startAndWait(place);
    const [server, ...others] = serversOf(place.stateHome);
    expect(others).toEqual([]);
    process.kill(server!.pid, 'SIGKILL');
    const { code, stderr } = await run.ended;
    expect(stderr).toContain('is gone; starting another on its database');
    expect(code).toBe(0);
    await expectWhole(place);
  });
});

/** Milliseconds a sequence: long enough for another command to start meanwhile on a busy machine. */
const LONG = 750;

describe('embed, started twice at once', () => {
  it('same settings → the second attaches, both end with 0', async () => {
    const place = workplace();
    const first = await startAndWait(place, 8, LONG);
    const second = place.start(embedArgs(place, LONG));
    await second.said('Attached to virnucpro-');
    expect(second.stderr).toMatch(/Attached to virnucpro-[0-9a-f]{12}: \d+\/6 done/u);
    const [one, two] = await Promise.all([first.ended, second.ended]);
    expect([one.code, two.code]).toEqual([0, 0]);
    expect(JSON.parse(two.stdout)).toMatchObject({ outcome: 'success', tasks: FILES });
    await expectWhole(place);
  });

  it('the first is ended by SIGTERM → the second goes on to the end', async () => {
    const place = workplace();
    const first = await startAndWait(place, 8, LONG);
    const second = place.start(embedArgs(place, LONG));
    await second.said('Attached to virnucpro-');
    first.signal('SIGTERM');
    expect((await first.ended).code).toBe(143);
    expect((await second.ended).code).toBe(0);
    await expectWhole(place);
  });

  it('other settings → exit 3, naming each difference; the first goes on', async () => {
    const place = workplace();
    const first = await startAndWait(place, 8, LONG);
    const second = await place.run([...embedArgs(place, LONG), '--chunk-length', '50', '--force-resume']);
    expect(second.code).toBe(3);
    expect(second.stderr).toContain('chunk length: none there, 50 here');
    expect(second.stderr).toContain('on bad checkpoint: fail there, skip here');
    expect(JSON.parse(second.stdout)).toMatchObject({
      outcome: 'checkpoint',
      exitCode: 3,
      error: { type: 'CheckpointError.Incompatible' },
    });
    expect((await first.ended).code).toBe(0);
    await expectWhole(place);
  });
});
