import { describe, expect, test } from 'vitest';
import { keepRunning, type ProcessEnd, type StartedProcess } from '../../../../src/cli/worker/keep-running.ts';
import { deferred } from '../../../../src/platform/deferred.ts';

const LOST: ProcessEnd = { code: 86, signal: null };
const CRASHED: ProcessEnd = { code: 1, signal: null };

/** Processes that end as they are told to beforehand; one more runs until it is stopped. */
function scripted(...ends: ProcessEnd[]) {
  const seen = { started: 0, log: [] as string[] };
  const running = deferred<void>();
  const start = (): StartedProcess => {
    const end = ends[seen.started++];
    if (end !== undefined) return { ended: Promise.resolve(end), stop: () => {}, kill: () => {} };
    running.resolve();
    const ended = deferred<ProcessEnd>();
    return { ended: ended.promise, stop: () => ended.resolve({ code: 0, signal: null }), kill: () => {} };
  };
  return { seen, running: running.promise, options: { start, log: (line: string) => void seen.log.push(line) } };
}

describe('keepRunning', () => {
  test('it dies three times → started again each time, later each time, up to the limit', async () => {
    const { seen, options } = scripted(CRASHED, { code: null, signal: 'SIGKILL' }, CRASHED, LOST);
    const end = await keepRunning({ ...options, firstDelayMs: 4, maxDelayMs: 8 }, new AbortController().signal);
    expect(end).toBe('lost');
    expect(seen).toEqual({
      started: 4,
      log: [
        'its worker process ended (exit code 1); another is started in 0.004 s',
        'its worker process ended (killed by SIGKILL); another is started in 0.008 s',
        'its worker process ended (exit code 1); another is started in 0.008 s',
      ],
    });
  });

  test('it has been healthy before it died → the next start comes as soon as the first', async () => {
    const { seen, options } = scripted(CRASHED, CRASHED, LOST);
    await keepRunning({ ...options, firstDelayMs: 1, healthyAfterMs: 0 }, new AbortController().signal);
    expect(seen.log.map((line) => line.slice(-7))).toEqual(['0.001 s', '0.001 s']);
  });

  test('exit code 86 → lost; exit code 0 → finished; neither is started again', async () => {
    for (const [end, expected] of [
      [LOST, 'lost'],
      [{ code: 0, signal: null }, 'finished'],
    ] as const) {
      const { seen, options } = scripted(end);
      expect(await keepRunning(options, new AbortController().signal)).toBe(expected);
      expect(seen).toEqual({ started: 1, log: [] });
    }
  });

  test('told to stop while it runs → it is stopped, and waited for', async () => {
    const { running, seen, options } = scripted();
    const stopping = new AbortController();
    const kept = keepRunning(options, stopping.signal);
    await running;
    stopping.abort();
    expect(await kept).toBe('stopped');
    expect(seen).toEqual({ started: 1, log: [] });
  });

  test('told to stop before a restart → no other process', async () => {
    const { seen, options } = scripted(CRASHED);
    const stopping = new AbortController();
    const log = () => void setImmediate(() => stopping.abort());
    expect(await keepRunning({ ...options, log, firstDelayMs: 3_600_000 }, stopping.signal)).toBe('stopped');
    expect(seen.started).toBe(1);
  });

  test('told to stop beforehand → nothing is started', async () => {
    const { seen, options } = scripted();
    expect(await keepRunning(options, AbortSignal.abort())).toBe('stopped');
    expect(seen.started).toBe(0);
  });
});
