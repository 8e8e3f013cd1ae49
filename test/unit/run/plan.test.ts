import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { kmerFactory } from '../../../src/embedders/kmer/kmer-factory.ts';
import { loadPlan, plannedTask, storePlan, summarizePlan } from '../../../src/run/plan.ts';
import { planOf } from '../../support/plan.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('summarizePlan', () => {
  it('15 of 20 found → the line of the contract', () => {
    const states = [...Array<'pending'>(5).fill('pending'), ...Array<'found'>(15).fill('found')];
    expect(summarizePlan('d', planOf({ states }))).toMatchObject({
      total: 20,
      found: 15,
      pending: 5,
      message: 'Found 15/20 checkpoints, resuming 5 files',
      ranges: [{ embedder: 'fake', taskQueue: 'virnucpro-gpu-fake', start: 0, end: 5 }],
    });
  });

  it('skipped and bad ones → in neither number', () => {
    const summary = summarizePlan('d', planOf({ states: ['pending', 'found', 'skipped', 'bad'] }));
    expect(summary).toMatchObject({ skipped: 1, bad: 1, message: 'Found 1/4 checkpoints, resuming 1 files' });
  });

  it('nothing to do → no range', () => {
    expect(summarizePlan('d', planOf({ states: ['found'] }))).toMatchObject({
      ranges: [],
      message: 'Found 1/1 checkpoints, resuming 0 files',
    });
  });

  it('two embedders → a range each, one after the other', () => {
    const plan = planOf({ states: ['pending', 'pending'] });
    const description = kmerFactory.describe({}, 'nucleotide');
    plan.header.embedders.push({ description, options: {}, taskQueue: 'q' });
    plan.tasks.push({ ...plan.tasks[0]!, embedder: 'kmer' });
    expect(summarizePlan('d', plan).ranges).toEqual([
      { embedder: 'fake', taskQueue: 'virnucpro-gpu-fake', start: 0, end: 2 },
      { embedder: 'kmer', taskQueue: 'q', start: 2, end: 3 },
    ]);
  });
});

describe('storePlan and loadPlan', () => {
  it('stored twice → one file, read back equal', async () => {
    const folder = await temporaryFolder();
    const plan = planOf({ states: ['pending', 'found'] });
    const digest = await storePlan(folder, plan);
    expect(await storePlan(folder, plan)).toBe(digest);
    expect(readdirSync(join(folder, '.virnucpro', 'plans'))).toEqual([`${digest}.jsonl`]);
    expect(await loadPlan(folder, digest)).toEqual(plan);
  });

  it('changed on disk → RunError.InvalidInput', async () => {
    const folder = await temporaryFolder();
    const digest = await storePlan(folder, planOf());
    writeFileSync(join(folder, '.virnucpro', 'plans', `${digest}.jsonl`), '{}\n');
    await expect(loadPlan(folder, digest)).rejects.toMatchObject({
      type: FailureType.RunInvalidInput,
      message: expect.stringContaining('was changed on disk'),
    });
  });

  it('absent at first → a later call reads it: failures are not kept', async () => {
    const folder = await temporaryFolder();
    const plan = planOf();
    const digest = await storePlan(await temporaryFolder(), plan);
    await expect(loadPlan(folder, digest)).rejects.toMatchObject({ code: 'ENOENT' });
    await storePlan(folder, plan);
    expect(await loadPlan(folder, digest)).toEqual(plan);
  });
});

describe('plannedTask', () => {
  it('an index that is none → RunError.InvalidInput', () => {
    expect(() => plannedTask(planOf(), 1)).toThrow('the plan has no task 1: it has 1');
  });
});
