import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { toFailure } from '../../../src/activities/failure-mapping.ts';
import { corrupted } from '../../../src/checkpoint/errors.ts';
import { FailureType, NON_RETRYABLE_FAILURE_TYPES } from '../../../src/contract/failure-types.ts';
import { VirnucproError } from '../../../src/contract/virnucpro-error.ts';
import { InputErrors } from '../../../src/run/inputs.ts';

const LIVE = new AbortController().signal;

function aborted(reason: unknown): AbortSignal {
  const controller = new AbortController();
  controller.abort(reason);
  return controller.signal;
}

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: something, open '/data/a.fa'`), { code, syscall: 'open', errno: -1 });
}

describe('toFailure', () => {
  it.each(Object.values(FailureType))('%s → that type, retryable unless no retry can cure it', (type) => {
    const failure = toFailure(new VirnucproError(type, 'what and where'), LIVE);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({
      type,
      message: 'what and where',
      nonRetryable: NON_RETRYABLE_FAILURE_TYPES.includes(type),
    });
  });

  it('a retryable type whose tries are used up → non-retryable', () => {
    const error = new VirnucproError(FailureType.EmbeddingEmbedder, 'gave up', { final: true });
    expect(toFailure(error, LIVE)).toMatchObject({ type: FailureType.EmbeddingEmbedder, nonRetryable: true });
  });

  it.each(['EIO', 'ESTALE', 'EMFILE', 'ENOSPC', 'EACCES'])('%s → Unavailable, never corrupted, retryable', (code) => {
    expect(toFailure(errno(code), LIVE)).toMatchObject({
      type: FailureType.CheckpointUnavailable,
      nonRetryable: false,
      message: expect.stringContaining(code),
    });
  });

  it('ENOSPC → says what to do', () => {
    expect(toFailure(errno('ENOSPC'), LIVE)).toMatchObject({ message: expect.stringContaining('free some space') });
  });

  it('a worker shuts down → the next attempt starts soon, not after the growing interval of retries', () => {
    const reason = new CancelledFailure('WORKER_SHUTDOWN');
    expect(toFailure(reason, aborted(reason))).toMatchObject({ nextRetryDelay: '1 second' });
  });

  it('a cancellation → passes through as it is', () => {
    const reason = new CancelledFailure('CANCELLED');
    expect(toFailure(reason, aborted(reason))).toBe(reason);
    expect(toFailure(Object.assign(new Error('stopped'), { name: 'AbortError' }), aborted(reason))).toBe(reason);
  });

  it.each(['WORKER_SHUTDOWN', 'TIMED_OUT', 'NOT_FOUND', 'HEARTBEAT_DETAILS_CONVERSION_FAILED'])(
    'an abort because of %s → the task is handed back as a retryable StaleAttempt',
    (message) => {
      const reason = new CancelledFailure(message);
      const failure = toFailure(reason, aborted(reason)) as ApplicationFailure;
      expect(failure.type).toBe(FailureType.RunStaleAttempt);
      expect(failure.nonRetryable).not.toBe(true);
    },
  );

  it('an error of the domain while the attempt is being cancelled → that error', () => {
    const error = new VirnucproError(FailureType.CheckpointCorrupted, 'corrupted: CRC');
    const signal = aborted(new CancelledFailure('CANCELLED'));
    expect(toFailure(error, signal)).toMatchObject({ type: FailureType.CheckpointCorrupted });
  });

  it('an ApplicationFailure → passes through', () => {
    const failure = ApplicationFailure.nonRetryable('mine', 'Mine');
    expect(toFailure(failure, LIVE)).toBe(failure);
  });

  it('an error that nobody knows → passes through, to be seen and retried', () => {
    const bug = new TypeError('undefined is not a function');
    expect(toFailure(bug, LIVE)).toBe(bug);
  });

  it('many bad inputs → the first five as details, each cut', () => {
    const errors = Array.from({ length: 9 }, (_, at) => `/in/${at}.fa: ${'x'.repeat(500)}`);
    const failure = toFailure(new InputErrors(errors), LIVE) as ApplicationFailure;
    const [{ offenders }] = failure.details as [{ offenders: { path: string; reason: string }[] }];
    expect(offenders).toHaveLength(5);
    expect(offenders[0]).toEqual({ path: '/in/0.fa', reason: 'x'.repeat(200) });
  });

  it('an error about a checkpoint → the checkpoint as a detail', () => {
    const failure = toFailure(corrupted('/out/a_ESM.pt', 'SIZE', 'file is 0 bytes'), LIVE);
    expect(failure).toMatchObject({
      type: FailureType.CheckpointCorrupted,
      details: [{ offenders: [{ path: '/out/a_ESM.pt', reason: 'corrupted: file is 0 bytes' }] }],
    });
  });

  it('long paths → whole, as many as fit into 2 KiB, one at least', () => {
    const offenders = Array.from({ length: 5 }, (_, at) => ({ path: `/${'p'.repeat(900)}${at}`, reason: 'why' }));
    const error = new VirnucproError(FailureType.CheckpointCorrupted, 'bad', { offenders });
    expect(toFailure(error, LIVE)).toMatchObject({ details: [{ offenders: offenders.slice(0, 2) }] });
    const longer = [{ path: 'ü'.repeat(3000), reason: 'why' }];
    const failure = toFailure(
      new VirnucproError(FailureType.CheckpointCorrupted, 'bad', { offenders: longer }),
      LIVE,
    ) as ApplicationFailure;
    expect((failure.details as [{ offenders: unknown[] }])[0].offenders).toEqual([
      { path: 'ü'.repeat(512), reason: 'why' },
    ]);
  });

  it('an error about no file → no details', () => {
    expect(toFailure(new VirnucproError(FailureType.EmbeddingEmbedder, 'gave up'), LIVE)).toMatchObject({
      details: undefined,
    });
  });

  it('a message that is not ASCII → cut by its bytes', () => {
    const failure = toFailure(new VirnucproError(FailureType.EmbeddingEmbedder, '学'.repeat(5000)), LIVE);
    expect(Buffer.byteLength((failure as ApplicationFailure).message)).toBe(1023);
  });

  it('a message of megabytes → cut below what the server cuts', () => {
    const error = new VirnucproError(FailureType.EmbeddingEmbedder, 'y'.repeat(1e6), {
      cause: new Error('z'.repeat(1e6)),
    });
    const failure = toFailure(error, LIVE) as ApplicationFailure;
    expect(failure.message.length + (failure.cause?.message.length ?? 0)).toBeLessThan(2048);
  });
});
