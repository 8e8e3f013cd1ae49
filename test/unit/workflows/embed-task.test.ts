import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  RetryState,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { applicationFailure } from '../../../src/workflows/embed-task.ts';

function activityFailure(cause: Error): ActivityFailure {
  return new ActivityFailure('Activity task failed', 'embedFile', '1', RetryState.TIMEOUT, 'worker', cause);
}

describe('applicationFailure', () => {
  it('what an activity threw → unwrapped, type and details kept', () => {
    const thrown = ApplicationFailure.nonRetryable('m', 'Some.Type', { a: 1 });
    expect(applicationFailure(activityFailure(thrown))).toBe(thrown);
    expect(applicationFailure(thrown)).toBe(thrown);
  });

  it('a timeout → a failure with a reason for people', () => {
    const timeout = new TimeoutFailure('activity Heartbeat timeout', undefined, TimeoutType.HEARTBEAT);
    expect(applicationFailure(activityFailure(timeout))).toMatchObject({
      type: 'ActivityFailure',
      message: 'activity Heartbeat timeout',
    });
  });

  it.each([new TypeError('a bug'), new CancelledFailure('cancelled'), null, 'text'])('%s → none', (error) => {
    expect(applicationFailure(error)).toBeUndefined();
  });
});
