import { WorkflowFailedError } from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  RetryState,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { WORKFLOW_EMBEDDING_RUN } from '../../../src/contract/names.ts';
import { isFailureType, outcomeOfError, type TypedOutcome } from '../../../src/contract/typed-outcome.ts';

const RETRY = RetryState.NON_RETRYABLE_FAILURE;
const inClient = (cause: Error) => new WorkflowFailedError('Workflow execution failed', cause, RETRY);
const inParent = (cause: Error, type = WORKFLOW_EMBEDDING_RUN) =>
  new ChildWorkflowFailure('default', { workflowId: 'w', runId: 'r' }, type, RETRY, cause);

const TOLD = {
  schema: 1,
  outcome: 'checkpoint',
  exitCode: 3,
  tasks: 20,
  offenders: [{ path: 'a.pt', reason: 'corrupted' }],
};
const failure = (type: string, details: unknown[] = []) =>
  ApplicationFailure.create({ message: 'it says why', type, nonRetryable: true, details });

describe('outcomeOfError', () => {
  it.each<[string, Error]>([
    ['in a client', inClient(failure(FailureType.CheckpointCorrupted, [TOLD]))],
    ['in a parent workflow', inParent(failure(FailureType.CheckpointCorrupted, [TOLD]))],
    ['behind a workflow in between', inClient(inParent(failure(FailureType.CheckpointCorrupted, [TOLD])))],
    ['behind a parent of another type', inParent(inParent(failure('any', [TOLD])), 'pipeline')],
  ])('a run that says how it ended, %s → that', (_, error) => {
    expect(outcomeOfError(error)).toEqual(TOLD);
  });

  it.each<[string, Error, object]>([
    [
      'a failure type alone',
      failure(FailureType.CheckpointIncompatible),
      { outcome: 'checkpoint', exitCode: 3, failureType: FailureType.CheckpointIncompatible, message: 'it says why' },
    ],
    ['another failure', failure('SomeError'), { outcome: 'failed', exitCode: 1, failureType: 'SomeError' }],
    ['cancelled', new CancelledFailure('no'), { outcome: 'cancelled', exitCode: 130 }],
    [
      'terminated',
      new TerminatedFailure('by hand'),
      { outcome: 'failed', exitCode: 1, message: 'terminated: by hand' },
    ],
    [
      'timed out',
      new TimeoutFailure('too late', undefined, 'START_TO_CLOSE'),
      { outcome: 'failed', exitCode: 1, message: 'too late' },
    ],
  ])('a run that could not say: %s → as much as is known', (_, cause, expected) => {
    for (const error of [inClient(cause), inParent(cause)]) {
      expect(outcomeOfError(error)).toMatchObject({ schema: 1, tasks: 0, offenders: [], ...expected });
    }
  });

  it.each<[string, unknown]>([
    ['the cancellation of the workflow that asks', new CancelledFailure('cancelled')],
    ['a child of another type', inParent(failure('SomeError'), 'somebodyElses')],
    ['an activity', new ActivityFailure('failed', 'planRun', 'a', RETRY, 'me', failure(FailureType.RunInvalidInput))],
    ['a bug', new TypeError('x is not a function')],
    ['nothing', undefined],
  ])('%s → undefined: no end of a run', (_, error) => {
    expect(outcomeOfError(error)).toBeUndefined();
  });

  it('the type → narrowed by its outcome', () => {
    const codeOf = (ended: TypedOutcome): number => {
      if (ended.outcome === 'checkpoint') expectTypeOf(ended.failureType).toEqualTypeOf<string>();
      if (ended.outcome === 'partial') expectTypeOf(ended.exitCode).toEqualTypeOf<2>();
      return ended.exitCode;
    };
    expect(codeOf(outcomeOfError(inClient(new CancelledFailure('no')))!)).toBe(130);
  });
});

it('isFailureType → types of this package, and no others', () => {
  expect([FailureType.RunStaleAttempt, 'CheckpointError', undefined].map(isFailureType)).toEqual([true, false, false]);
});
