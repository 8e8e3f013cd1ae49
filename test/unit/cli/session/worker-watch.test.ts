import { describe, expect, it } from 'vitest';
import { watchWorkers } from '../../../../src/cli/session/worker-watch.ts';
import type { UnservedQueue } from '../../../../src/client/index.ts';
import { FailureType } from '../../../../src/contract/failure-types.ts';

const settings = { address: 'host:7233', namespace: 'default', connectionOptions: {} };

function missing(...queues: string[]): UnservedQueue[] {
  return queues.map((queue) => ({ queue, type: 'activity', waiting: 1 }));
}

/** Watches while the answers last, one a millisecond; the last one is repeated. */
async function watch(answers: readonly (UnservedQueue[] | Error)[], waitSeconds?: number): Promise<string[]> {
  const lines: string[] = [];
  const ended = new AbortController();
  let at = 0;
  const unserved = async () => {
    const answer = answers[Math.min(at++, answers.length - 1)]!;
    if (at > answers.length + 1 && waitSeconds === undefined) ended.abort();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const log = (line: string) => lines.push(line.replace(/ of default at.*/u, ''));
  const waiting = waitSeconds === undefined ? {} : { waitSeconds };
  await watchWorkers({ unserved, settings, log, intervalMs: 1, ...waiting }, ended.signal);
  return lines;
}

describe('watchWorkers', () => {
  it('a queue is unserved for a while → said once, and when a worker has come', async () => {
    expect(await watch([[], missing('a'), missing('a'), missing('a'), []])).toEqual([
      'no worker polls the queue a',
      'a worker serves the queue a',
    ]);
  });

  it('two queues, one after the other → each by its name', async () => {
    expect(await watch([missing('a'), missing('a', 'b'), missing('b'), missing('a', 'b')])).toEqual([
      'no worker polls the queue a',
      'no worker polls the queue b',
      'a worker serves the queue a',
      'no worker polls the queue a',
    ]);
  });

  it('workers that cannot go on with a run and its partitions → the reason, once', async () => {
    const lines: string[] = [];
    const ended = new AbortController();
    let asked = 0;
    const failing = async () => {
      if (++asked === 3) ended.abort();
      if (asked === 2) throw new Error('unavailable');
      return ['run', 'run-partition'].map((workflowId) => ({ workflowId, attempt: 2, reason: 'Unknown encoding' }));
    };
    const log = (line: string) => lines.push(line);
    await watchWorkers({ unserved: async () => [], failing, settings, log, intervalMs: 1 }, ended.signal);
    expect(lines).toEqual([
      expect.stringMatching(/^no worker can go on with workflow run: Unknown encoding; see the log/u),
    ]);
  });

  it('the server does not answer → nothing is said, neither way', async () => {
    expect(await watch([missing('a'), new Error('unavailable'), missing('a')])).toEqual([
      'no worker polls the queue a',
    ]);
  });

  it('--wait-for-workers is over → RunError.InvalidInput naming the queue and how to serve it', async () => {
    await expect(watch([missing('a')], 0.02)).rejects.toMatchObject({
      type: FailureType.RunInvalidInput,
      message: expect.stringMatching(/no worker polls the queue a.*gave up after 0\.02 s/u),
    });
  });

  it('a worker comes in time, again and again → no giving up', async () => {
    const ended = new AbortController();
    let round = 0;
    const unserved = async () => {
      if (++round === 6) ended.abort();
      return round % 2 === 0 ? [] : missing('a');
    };
    await watchWorkers({ unserved, settings, log: () => {}, intervalMs: 1, waitSeconds: 3600 }, ended.signal);
    expect(round).toBe(6);
  });
});
