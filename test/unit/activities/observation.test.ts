import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { AttemptObservation } from '../../../src/activities/observation.ts';
import type { ActivityObserver } from '../../../src/contract/activity-events.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { asActivity, type AttemptOptions } from '../../support/activity-context.ts';
import { RecordingObserver } from '../../support/recording-observer.ts';

const RUN = { directory: '/out', runId: 'f47ac10b-58cc-4372-a567-0e02b2c3d479' };

/** @returns how the attempt is told to have ended */
async function endOf(error: unknown, options: AttemptOptions = {}) {
  const observer = new RecordingObserver();
  await asActivity(async () => new AttemptObservation([observer], 'embedFile', {}).failed(error), options);
  const [ended] = observer.of('attempt-ended');
  return { result: ended?.result, failureType: ended?.failureType };
}

function failure(type: string): ApplicationFailure {
  return ApplicationFailure.create({ message: 'scripted', type });
}

describe('AttemptObservation', () => {
  it('an attempt → begun and ended, with what identifies it; the run of its input where there is one', async () => {
    const observer = new RecordingObserver();
    await asActivity(async () => {
      new AttemptObservation([observer], 'planRun', { run: RUN }).succeeded('completed');
      new AttemptObservation([observer], 'planRun', 'no input at all').succeeded('completed');
    });
    expect(observer.types).toEqual(['attempt-begun', 'attempt-ended', 'attempt-begun', 'attempt-ended']);
    const identity = { activity: 'planRun', activityId: '7', attempt: 1, taskQueue: 'virnucpro' };
    const workflow = { workflowId: 'virnucpro-0123456789ab', workflowRunId: 'execution-1' };
    expect(observer.events[1]?.attempt).toEqual({ ...identity, ...workflow, run: RUN });
    expect(observer.events[3]?.attempt).toEqual({ ...identity, ...workflow });
    expect(observer.of('attempt-ended')[0]?.seconds).toBeGreaterThanOrEqual(0);
  });

  it('an observer that throws → the others are told all the same, and the log says so once', async () => {
    const broken: ActivityObserver = {
      observe: () => {
        throw new Error('scripted');
      },
    };
    const [observer, warnings] = [new RecordingObserver(), [] as string[]];
    const attempt = async () => new AttemptObservation([broken, observer], 'planRun', {}).succeeded('completed');
    await asActivity(attempt, { warnings });
    await asActivity(attempt, { warnings });
    expect(observer.events).toHaveLength(4);
    expect(warnings).toEqual([expect.stringContaining('an observer of activities has thrown')]);
  });

  it.each([
    [FailureType.EmbeddingDeviceLost, 'lost-device'],
    [FailureType.RunStaleAttempt, 'overtaken'],
    [FailureType.CheckpointCorrupted, 'failed'],
  ])('failure %s → %s', async (failureType, result) => {
    expect(await endOf(failure(failureType))).toEqual({ result, failureType });
  });

  it.each([
    ['WORKER_SHUTDOWN', 'handed-back'],
    ['PAUSED', 'handed-back'],
    ['TIMED_OUT', 'overtaken'],
  ])('stopped by %s → %s', async (reason, result) => {
    const cancellation = new AbortController();
    cancellation.abort(new CancelledFailure(reason));
    expect((await endOf(failure(FailureType.RunStaleAttempt), { cancellation })).result).toBe(result);
  });

  it('cancelled → cancelled; an error or a failure that is not ours → failed, without a type', async () => {
    expect(await endOf(new CancelledFailure('CANCELLED'))).toEqual({ result: 'cancelled' });
    expect(await endOf(new Error('scripted'))).toEqual({ result: 'failed' });
    expect(await endOf(failure('Somebody.Else'))).toEqual({ result: 'failed' });
  });
});
