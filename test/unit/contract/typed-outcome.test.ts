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
import { WORKFLOW_EMBEDDING_RUN, WORKFLOW_PREDICT_VIRUS } from '../../../src/contract/names.ts';
import {
  isFailureType,
  outcomeOfError,
  predictionOutcomeOfError,
  type TypedOutcome,
  type TypedPredictionOutcome,
} from '../../../src/contract/typed-outcome.ts';
import { predictionOutcomeSchema } from '../../../src/schemas/prediction-results.ts';

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

describe('predictionOutcomeOfError', () => {
  const PREDICTED = { schema: 1, outcome: 'checkpoint', exitCode: 3, inputs: 2, predicted: 1, offenders: [] };
  const asChild = (cause: Error) => inParent(cause, WORKFLOW_PREDICT_VIRUS);

  it('a prediction that says how it ended, in a client and in a parent → that', () => {
    const told = failure(FailureType.CheckpointCorrupted, [PREDICTED]);
    for (const error of [inClient(told), asChild(told), inClient(asChild(told))]) {
      expect(predictionOutcomeOfError(error)).toEqual(PREDICTED);
    }
  });

  it('one that could not say → as much as is known, in the shape of an outcome', () => {
    const ended = predictionOutcomeOfError(asChild(new TerminatedFailure('by hand')));
    expect(ended).toMatchObject({ outcome: 'failed', exitCode: 1, message: 'terminated: by hand', predicted: 0 });
    expect(predictionOutcomeSchema.parse(ended)).toEqual(ended);
    const cancelled = predictionOutcomeOfError(inClient(new CancelledFailure('no')));
    expect(cancelled).toMatchObject({ outcome: 'cancelled', exitCode: 130 });
  });

  it('the end of an embedding run, and a bug → undefined; the end of a prediction is none of an embedding run', () => {
    expect(predictionOutcomeOfError(inParent(failure(FailureType.CheckpointCorrupted, [TOLD])))).toBeUndefined();
    expect(predictionOutcomeOfError(new TypeError('x is not a function'))).toBeUndefined();
    expect(outcomeOfError(asChild(failure(FailureType.CheckpointCorrupted, [PREDICTED])))).toBeUndefined();
  });

  it('the type → narrowed by its outcome', () => {
    const codeOf = (ended: TypedPredictionOutcome): number => {
      if (ended.outcome === 'checkpoint') expectTypeOf(ended.failureType).toEqualTypeOf<string>();
      return ended.exitCode;
    };
    expect(codeOf(predictionOutcomeOfError(inClient(new CancelledFailure('no')))!)).toBe(130);
  });
});

it('isFailureType → types of this package, and no others', () => {
  expect([FailureType.RunStaleAttempt, 'CheckpointError', undefined].map(isFailureType)).toEqual([true, false, false]);
});
