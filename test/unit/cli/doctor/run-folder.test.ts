import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkCheckpoints, judgeCheckpoints } from '../../../../src/cli/doctor/checkpoints.ts';
import { judgePlan, readLatestPlan } from '../../../../src/cli/doctor/latest-plan.ts';
import { checkLeftovers } from '../../../../src/cli/doctor/leftovers.ts';
import { checkOwner, judgeOwner } from '../../../../src/cli/doctor/owner.ts';
import { storePlan } from '../../../../src/run/plan.ts';
import { planOf } from '../../../support/plan.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { floatTensor, strings, writePt } from '../../../support/write-pt.ts';
import { pyDict } from '../../../../src/torch/index.ts';

describe('readLatestPlan', () => {
  it('no plan → undefined', async () => {
    expect(await readLatestPlan(await temporaryFolder())).toBeUndefined();
  });

  it('two plans → the newer one, and of its pending tasks those whose checkpoint is not there', async () => {
    const folder = await temporaryFolder();
    const old = await storePlan(folder, planOf({ states: ['pending'], windows: 7 }));
    await utimes(join(folder, '.virnucpro', 'plans', `${old}.jsonl`), 1, 1);
    const plan = planOf({ states: ['pending', 'pending', 'found', 'bad'] });
    await storePlan(folder, plan);
    await writeFile(join(folder, plan.tasks[0]!.checkpoint), '');
    const latest = await readLatestPlan(folder);
    expect(latest?.plan).toEqual(plan);
    expect(latest?.lacking.tasks).toEqual([plan.tasks[1]]);
    expect(judgePlan(latest!)).toMatchObject({
      status: 'info',
      message: 'the last plan: 2/4 checkpoints are there, 1 file to embed, 1 bad checkpoint in the way',
    });
  });

  it('a plan that was changed on disk → an error that names it', async () => {
    const folder = await temporaryFolder();
    const digest = await storePlan(folder, planOf());
    await writeFile(join(folder, '.virnucpro', 'plans', `${digest}.jsonl`), '{}');
    await expect(readLatestPlan(folder)).rejects.toThrow(digest);
  });
});

describe('judgeOwner', () => {
  const owner = {
    schema: 1,
    workflowId: 'virnucpro-1',
    workflowRunId: 'r',
    server: 'host:7233',
    namespace: 'default',
    host: 'node7',
    renewedAt: '2026-01-01T00:10:00.000Z',
  } as const;
  const at = (minutes: number) => Date.parse('2026-01-01T00:10:00.000Z') + minutes * 60_000;

  it.each([
    [0.5, 'info', 'in use by workflow virnucpro-1 on host:7233, namespace default; node7 renewed the claim 30 s ago'],
    [5, 'info', 'its workers are gone or busy'],
    [-2, 'warning', '120 s from now by the clock of this host: node7 is ahead of it'],
  ])('%s minutes after the last renewal → %s: %s', (minutes, status, text) => {
    const finding = judgeOwner(owner, at(minutes));
    expect(finding).toMatchObject({ check: 'owner', status });
    expect(finding.message).toContain(text);
  });

  it('no claim → nothing', async () => {
    expect(await checkOwner(await temporaryFolder())).toEqual([]);
  });
});

describe('checkLeftovers', () => {
  it('nothing, or no folder → nothing', async () => {
    expect(await checkLeftovers(await temporaryFolder())).toEqual([]);
    expect(await checkLeftovers('/nowhere/at/all')).toEqual([]);
  });

  it('a temporary file, a bad checkpoint, a spool → each with its size and what becomes of it', async () => {
    const folder = await temporaryFolder();
    const spool = join(folder, '.virnucpro', 'spool', 'abc');
    await mkdir(spool, { recursive: true });
    await writeFile(join(spool, 'seg-1.rows'), Buffer.alloc(3e6));
    await writeFile(join(folder, '.a_KMER.pt.1-2.tmp'), 'x');
    await writeFile(join(folder, 'a_KMER.pt.bad-20260101T000000.000Z'), 'x');
    await writeFile(join(folder, 'a_KMER.pt'), 'x');
    const findings = await checkLeftovers(folder);
    expect(findings.map(({ check, status, message }) => [check, status, message.slice(0, 40)])).toEqual([
      ['leftovers', 'info', '1 temporary file, 1 MB of checkpoints or'],
      ['leftovers', 'info', '1 checkpoint set aside as bad, 1 MB (.ba'],
      ['leftovers', 'info', 'rows of 1 unfinished file, 3 MB in .virn'],
    ]);
    expect(findings.every(({ todo }) => todo !== undefined)).toBe(true);
  });
});

describe('checkCheckpoints', () => {
  it('a checkpoint without a version → accepted, and said; one that is none → a warning with the reason', async () => {
    const folder = await temporaryFolder();
    expect(await checkCheckpoints(folder)).toEqual([]);
    const data = floatTensor([1, 3], Float32Array.of(1, 2, 3));
    await writePt(
      join(folder, 'a_KMER.pt'),
      pyDict([
        ['ids', strings(['a'])],
        ['data', data],
      ]),
    );
    const old = await checkCheckpoints(folder);
    expect(old).toMatchObject([{ check: 'checkpoints', status: 'info' }]);
    expect(old[0]?.message).toContain('1 checkpoint, 1 looked at, 1 of them 0.x');
    await writeFile(join(folder, 'b_KMER.pt'), '');
    const bad = await checkCheckpoints(folder);
    expect(bad).toMatchObject([{ status: 'warning', todo: expect.stringContaining('validate-checkpoints') }]);
    expect(bad[0]?.message).toContain('b_KMER.pt: corrupted: file is 0 bytes');
  });

  it('a thousand → twenty of them are looked at', async () => {
    const folder = await temporaryFolder();
    await Promise.all(Array.from({ length: 1000 }, (_, at) => writeFile(join(folder, `${at}.pt`), '')));
    expect((await checkCheckpoints(folder))[0]?.message).toMatch(/^1,000 checkpoints, 20 looked at, 20 bad: /u);
  });

  it('all sound → ok', () => {
    const entry = { path: 'a.pt', result: 'valid', version: '1.0' } as const;
    expect(judgeCheckpoints(3, [entry], '.', 'run')).toMatchObject([
      { status: 'ok', message: '3 checkpoints, 1 looked at' },
    ]);
  });
});
