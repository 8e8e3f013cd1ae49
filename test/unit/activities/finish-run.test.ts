import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { finishRun } from '../../../src/activities/finish-run.ts';
import { UNOBSERVED } from '../../../src/activities/observation.ts';
import { closeCheckpointThreads } from '../../../src/checkpoint/index.ts';
import type { FinishRunInput } from '../../../src/contract/activities.ts';
import { ResidentEmbedders } from '../../../src/embedders/index.ts';
import { claimDirectory } from '../../../src/run/owner.ts';
import { storePlan, summarizePlan } from '../../../src/run/plan.ts';
import { reportErrors } from '../../support/report-schema.ts';
import { planOf } from '../../support/plan.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { vectors, writePt } from '../../support/write-pt.ts';

afterAll(closeCheckpointThreads);

const SERVER = { address: 'localhost:7233', namespace: 'default' };
const EXECUTION = { workflowId: 'virnucpro-0123456789ab', runId: 'run-1' };

function contextOf(attempt: number, execution = EXECUTION): Context {
  const context = {
    info: { attempt, workflowExecution: execution, workflowType: 'embeddingRun' },
    client: { workflowService: { describeNamespace: () => Promise.resolve({}) } },
    log: { info: () => {}, warn: () => {} },
  };
  return context as unknown as Context;
}

/** A run that has made its one checkpoint and holds its folder. */
async function finishedRun() {
  const directory = await temporaryFolder();
  const plan = planOf({ states: ['pending'], windows: 2 });
  await writePt(join(directory, 'a_FAKE.pt'), vectors({ ids: ['x', 'y'], dim: 16 }));
  const input: FinishRunInput = {
    contract: 1,
    run: { directory, runId: plan.header.runId },
    plan: summarizePlan(await storePlan(directory, plan), plan),
    taskFailures: [],
    startedAt: new Date().toISOString(),
  };
  const { workflowId, runId: workflowRunId } = EXECUTION;
  const claimant = { workflowId, workflowRunId, server: SERVER.address, namespace: SERVER.namespace };
  await claimDirectory(directory, claimant, () => Promise.resolve(undefined));
  const scope = { signal: new AbortController().signal, describe: () => {}, observation: UNOBSERVED };
  const dependencies = { embedders: new ResidentEmbedders(), server: SERVER };
  const finish = (context: Context) => asyncLocalStorage.run(context, () => finishRun(input, scope, dependencies));
  return {
    directory,
    finish,
    owner: join(directory, '.virnucpro', 'owner.json'),
    spools: join(directory, '.virnucpro', 'spool'),
  };
}

describe('activity finishRun', () => {
  it('leftovers that cannot be removed → tried again, then the run ends as it ended and lets go of the folder', async () => {
    const { finish, owner, spools } = await finishedRun();
    writeFileSync(spools, 'no folder');
    await expect(finish(contextOf(1))).rejects.toMatchObject({ code: 'ENOTDIR' });
    expect(existsSync(owner)).toBe(true);
    expect(await finish(contextOf(3))).toMatchObject({ outcome: 'success', report: 'report.json' });
    expect(existsSync(owner)).toBe(false);
  });

  it('an earlier attempt has reported, let go of the folder and died → reported again', async () => {
    const { finish } = await finishedRun();
    const first = await finish(contextOf(1));
    expect(await finish(contextOf(2))).toEqual(first);
  });

  it('the folder is nobody’s, and the report is of another run → nothing is written', async () => {
    const { finish } = await finishedRun();
    await finish(contextOf(1));
    const outcome = await finish(contextOf(1, { ...EXECUTION, runId: 'run-2' }));
    expect(outcome).toMatchObject({ outcome: 'success', report: '' });
  });

  it('the report → with its page beside it, and both say the same', async () => {
    const { directory, finish } = await finishedRun();
    await finish(contextOf(1));
    const report = JSON.parse(readFileSync(join(directory, 'report.json'), 'utf8')) as object;
    expect(reportErrors(report)).toEqual([]);
    expect(report).toMatchObject({ notes: [], server: SERVER });
    const page = readFileSync(join(directory, 'report.html'), 'utf8');
    expect(page).toContain('"outcome":"success"');
  });

  it('a page that cannot be written → the outcome all the same, and a note why', async () => {
    const { directory, finish } = await finishedRun();
    mkdirSync(join(directory, 'report.html', 'in the way'), { recursive: true });
    expect(await finish(contextOf(1))).toMatchObject({ outcome: 'success', report: 'report.json' });
    expect(JSON.parse(readFileSync(join(directory, 'report.json'), 'utf8'))).toMatchObject({
      notes: [expect.stringContaining('report.html was not made: EISDIR')],
    });
  });

  it('a timeline that cannot be read → the outcome all the same, and a note why', async () => {
    const { directory, finish } = await finishedRun();
    writeFileSync(join(directory, '.virnucpro', 'timeline'), 'no folder');
    expect(await finish(contextOf(1))).toMatchObject({ outcome: 'success', report: 'report.json' });
    const { notes } = JSON.parse(readFileSync(join(directory, 'report.json'), 'utf8')) as { notes: string[] };
    expect(notes).toEqual([expect.stringContaining('timeline was not read')]);
    expect(existsSync(join(directory, 'report.html'))).toBe(true);
  });
});
