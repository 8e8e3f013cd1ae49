import { describe, expect, it } from 'vitest';
import { fakeFactory } from '../../../src/embedders/fake/fake-factory.ts';
import { taskSpool } from '../../../src/run/task-spool.ts';
import { planOf } from '../../support/plan.ts';

function spoolOf(change: (plan: ReturnType<typeof planOf>) => void = () => {}) {
  const plan = planOf({ windows: 4 });
  change(plan);
  return taskSpool(plan, plan.tasks[0]!, plan.header.embedders[0]!);
}

describe('taskSpool', () => {
  it('the same task of a later run → the same spool', () => {
    expect(spoolOf()).toEqual(spoolOf());
    expect(spoolOf().folder).toMatch(/^\.virnucpro\/spool\/[0-9a-f]{24}$/u);
    expect(spoolOf().shape).toMatchObject({ rows: 4, dim: 16, taskDigest: expect.stringMatching(/^[0-9a-f]{64}$/u) });
  });

  it.each<[string, Parameters<typeof spoolOf>[0]]>([
    ['content of the input', (plan) => (plan.tasks[0]!.inputSha256 = 'b'.repeat(64))],
    ['checkpoint', (plan) => (plan.tasks[0]!.checkpoint = 'b_FAKE.pt')],
    ['chunk length', (plan) => (plan.header.chunkLength = 30)],
    ['first window', (plan) => (plan.tasks[0]!.part.first = 1)],
    ['number of windows', (plan) => (plan.tasks[0]!.part.count = 3)],
    [
      'fingerprint',
      (plan) => (plan.header.embedders[0]!.description = fakeFactory.describe({ dim: '8' }, 'nucleotide')),
    ],
  ])('another %s → another spool', (_, change) => {
    expect(spoolOf(change).folder).not.toBe(spoolOf().folder);
    expect(spoolOf(change).shape.taskDigest).not.toBe(spoolOf().shape.taskDigest);
  });

  it.each<[string, Parameters<typeof spoolOf>[0]]>([
    ['options that change no number', (plan) => (plan.header.embedders[0]!.options = { delayMs: '5' })],
    ['batch size', (plan) => (plan.header.batchSize = 7)],
    ['run', (plan) => (plan.header.runId = 'another')],
    ['queue', (plan) => (plan.header.embedders[0]!.taskQueue = 'elsewhere')],
    ['path of the input', (plan) => (plan.tasks[0]!.input = 'moved/a.fa')],
  ])('another %s → the same spool', (_, change) => {
    expect(spoolOf(change)).toEqual(spoolOf());
  });
});
