import { CancelledFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { commitSignal } from '../../../src/activities/commit-signal.ts';

describe('commitSignal', () => {
  it.each(['CANCELLED', 'WORKER_SHUTDOWN', 'PAUSED'])('%s → rows at hand may still be flushed', (reason) => {
    const attempt = new AbortController();
    const commits = commitSignal(attempt.signal);
    attempt.abort(new CancelledFailure(reason));
    expect(commits.aborted).toBe(false);
  });

  it.each(['TIMED_OUT', 'NOT_FOUND', 'RESET'])(
    '%s → another attempt may be running: nothing is committed',
    (reason) => {
      const attempt = new AbortController();
      const commits = commitSignal(attempt.signal);
      attempt.abort(new CancelledFailure(reason));
      expect(commits.aborted).toBe(true);
      expect(commits.reason).toBe(attempt.signal.reason);
    },
  );

  it('aborted before → no epoch is claimed at all, whatever the reason', () => {
    const attempt = new AbortController();
    attempt.abort(new CancelledFailure('WORKER_SHUTDOWN'));
    expect(commitSignal(attempt.signal).aborted).toBe(true);
  });
});
