import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeResult, resultOfError, resultOfLeaving, resultOfRun } from '../../../../src/cli/embed/embed-result.ts';
import { FailureType } from '../../../../src/contract/failure-types.ts';
import type { RunOutcome } from '../../../../src/contract/outcome.ts';
import { VirnucproError } from '../../../../src/contract/virnucpro-error.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const COUNTS = { tasks: 3, found: 1, embedded: 2, failed: 0, skipped: 0, skippedSequences: 0, rows: 9 };
const SUCCESS: RunOutcome = {
  schema: 1,
  outcome: 'success',
  exitCode: 0,
  ...COUNTS,
  message: 'all there',
  offenders: [],
  report: 'report.json',
};

async function folderWith(report: object): Promise<string> {
  const folder = await temporaryFolder();
  writeFileSync(join(folder, 'report.json'), JSON.stringify(report));
  return folder;
}

const ending = () => ({ workflowId: 'w', startedAt: Date.now() - 1234 });

describe('resultOfRun', () => {
  it('success → counts of the outcome, checkpoints of the report with DIR as given, no error', async () => {
    const folder = await folderWith({ checkpoints: [{ path: 'a.pt', result: 'found', input: 'a.fa', rows: 3 }] });
    const result = await resultOfRun(folder, SUCCESS, ending());
    expect(result).toEqual({
      schema: 1,
      outcome: 'success',
      exitCode: 0,
      workflowId: 'w',
      ...COUNTS,
      checkpoints: [{ path: join(folder, 'a.pt'), result: 'found' }],
      seconds: expect.any(Number),
    });
  });

  it('more than 1,000 checkpoints → the first 1,000', async () => {
    const checkpoints = Array.from({ length: 1500 }, (_, at) => ({ path: `${at}.pt`, result: 'found' }));
    const result = await resultOfRun(await folderWith({ checkpoints }), SUCCESS, ending());
    expect(result.checkpoints).toHaveLength(1000);
    expect(result.tasks).toBe(3);
  });

  it.each([
    ['terminated', 'terminated: by an operator'],
    ['timed out', 'Workflow execution timed out'],
  ])('%s: ended from outside, so without a failure type or a report → the reason all the same', async (_, message) => {
    const folder = await folderWith({ workflowId: 'an earlier one', error: { type: 't', message: 'of that one' } });
    const outcome: RunOutcome = { ...SUCCESS, outcome: 'failed', exitCode: 1, message, report: '', tasks: 0 };
    const result = await resultOfRun(folder, outcome, ending());
    expect(result.error).toEqual({ type: 'Terminated', message });
    expect(describeResult(result, folder)).toMatch(new RegExp(`^failed: after .* s\\nTerminated: ${message}\\n$`, 'u'));
  });

  it('a failed run → the whole message of the report, not the one that was cut for the wire', async () => {
    const folder = await folderWith({ checkpoints: [], error: { type: 't', message: 'long '.repeat(500) } });
    const outcome: RunOutcome = {
      ...SUCCESS,
      outcome: 'failed',
      exitCode: 1,
      failureType: FailureType.RunInvalidInput,
    };
    const { error } = await resultOfRun(folder, outcome, ending());
    expect(error).toEqual({ type: FailureType.RunInvalidInput, message: 'long '.repeat(500) });
  });

  it('cancelled → counts of the report that this run wrote', async () => {
    const cancelled: RunOutcome = { ...SUCCESS, outcome: 'cancelled', exitCode: 130, tasks: 0, rows: 0, report: '' };
    const folder = await folderWith({
      ...COUNTS,
      workflowId: 'w',
      finishedAt: new Date().toISOString(),
      checkpoints: [],
    });
    expect(await resultOfRun(folder, cancelled, ending())).toMatchObject({
      ...COUNTS,
      outcome: 'cancelled',
      error: { type: 'Cancelled' },
    });
  });

  it('cancelled before it wrote a report → not the counts of an earlier run', async () => {
    const cancelled: RunOutcome = { ...SUCCESS, outcome: 'cancelled', exitCode: 130, tasks: 0, rows: 0, report: '' };
    const folder = await folderWith({
      ...COUNTS,
      workflowId: 'w',
      finishedAt: '2020-01-01T00:00:00Z',
      checkpoints: [],
    });
    expect(await resultOfRun(folder, cancelled, ending())).toMatchObject({ tasks: 0, rows: 0 });
  });

  it('no report in sight (another host) → the outcome alone', async () => {
    expect(await resultOfRun(await temporaryFolder(), SUCCESS, ending())).toMatchObject({ ...COUNTS, checkpoints: [] });
  });
});

describe('resultOfError and resultOfLeaving', () => {
  it.each([
    [new VirnucproError(FailureType.RunInvalidInput, 'no input'), 'failed', 1, FailureType.RunInvalidInput],
    [
      new VirnucproError(FailureType.CheckpointIncompatible, 'other'),
      'checkpoint',
      3,
      FailureType.CheckpointIncompatible,
    ],
    [new TypeError('a bug'), 'failed', 1, 'TypeError'],
    ['not even an error', 'failed', 1, 'Error'],
  ])('%s → outcome %s, exit code %i', (error, outcome, exitCode, type) => {
    const result = resultOfError(error, ending());
    expect(result).toMatchObject({ schema: 1, outcome, exitCode, tasks: 0, checkpoints: [], error: { type } });
  });

  it('left → no counts, no error', () => {
    expect(resultOfLeaving(null, 143, ending())).toMatchObject({ outcome: null, exitCode: 143, tasks: 0 });
  });
});

describe('describeResult', () => {
  it('holes → the first ten by name', async () => {
    const checkpoints = Array.from({ length: 12 }, (_, at) => ({ path: `${at}.pt`, result: 'failed', reason: 'why' }));
    const partial: RunOutcome = { ...SUCCESS, outcome: 'partial', exitCode: 2 };
    const folder = await folderWith({ checkpoints });
    const text = describeResult(await resultOfRun(folder, partial, ending()), folder);
    expect(text).toContain(`failed ${join(folder, '9.pt')}: why`);
    expect(text).not.toContain('10.pt');
    expect(text).toContain('… and 2 more');
    expect(text).toContain('report.json');
  });
});
