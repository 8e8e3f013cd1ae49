import { describe, expect, it } from 'vitest';
import type { OpenTask } from '../../../src/client/open-tasks.ts';
import { findUnserved, startHint, type QueueObserver } from '../../../src/client/unserved-queues.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const KMER = 'virnucpro-gpu-kmer';
const FAKE = 'virnucpro-gpu-fake';

interface Server {
  /** Seconds since a worker polled, by queue. */
  polled?: Record<string, number>;
  /** Queues of which another run has a task in hand. */
  busy?: readonly string[];
}

/** A server that knows what it is told; asking it notes the question. */
function serverWith(tasks: readonly OpenTask[], { polled = {}, busy = [] }: Server = {}) {
  const asked: string[] = [];
  const observer: QueueObserver = {
    openTasks: async () => tasks,
    async lastPoll(queue, type) {
      asked.push(`poll ${type} ${queue}`);
      return queue in polled ? ago(polled[queue]!) : undefined;
    },
    async isBusy(queue) {
      asked.push(`busy ${queue}`);
      return busy.includes(queue);
    },
  };
  return { observer, asked };
}

function ago(seconds: number): number {
  return NOW - seconds * 1000;
}

function task(queue: string | undefined, state: OpenTask['state'], seconds: number, more: Partial<OpenTask> = {}) {
  return { queue, type: 'activity', state, since: ago(seconds), ...more } as const;
}

async function unserved(tasks: readonly OpenTask[], server?: Server): Promise<string[]> {
  const found = await findUnserved(serverWith(tasks, server).observer, NOW);
  return found.map(({ queue, type, waiting }) => `${type} ${queue} ${waiting}`);
}

describe('findUnserved', () => {
  it('a queue never polled, a task waiting for 10 s → named, with the number of waiting tasks', async () => {
    expect(await unserved([task(KMER, 'waiting', 10), task(KMER, 'waiting', 600)])).toEqual([`activity ${KMER} 2`]);
  });

  it('a task that has just come, or whose retry is not due yet → not yet', async () => {
    expect(await unserved([task(KMER, 'waiting', 9), task(KMER, 'waiting', -50)])).toEqual([]);
  });

  it('polled 79 s ago → served; 80 s ago → its last worker is gone', async () => {
    const tasks = [task(KMER, 'waiting', 30)];
    expect(await unserved(tasks, { polled: { [KMER]: 79 } })).toEqual([]);
    expect(await unserved(tasks, { polled: { [KMER]: 80 } })).toEqual([`activity ${KMER} 1`]);
  });

  it('a worker with all its slots taken has not polled for hours → busy, not missing', async () => {
    const tasks = [task(KMER, 'running', 7200), task(KMER, 'waiting', 7200)];
    expect(await unserved(tasks, { polled: { [KMER]: 7200 } })).toEqual([]);
    expect(await unserved(tasks)).toEqual([]);
  });

  it('a worker with all its slots taken by another run → busy, not missing', async () => {
    const tasks = [task(KMER, 'waiting', 7200)];
    expect(await unserved(tasks, { busy: [KMER] })).toEqual([]);
    expect(await unserved(tasks, { busy: [FAKE] })).toEqual([`activity ${KMER} 1`]);
  });

  it('two embedders, one queue served and busy, the other not → the other is named', async () => {
    const tasks = [task(KMER, 'running', 600), task(KMER, 'waiting', 600), task(FAKE, 'waiting', 600)];
    expect(await unserved(tasks)).toEqual([`activity ${FAKE} 1`]);
  });

  it('queues of the request’s own → judged by their names', async () => {
    expect(await unserved([task('mine', 'waiting', 60)], { polled: { [KMER]: 1 } })).toEqual(['activity mine 1']);
  });

  it('the workflow itself waits → its queue, by workflow polls; polls for activities do not count', async () => {
    const workflowTask = task('virnucpro', 'waiting', 60, { type: 'workflow' });
    const { observer, asked } = serverWith([workflowTask]);
    expect(await findUnserved(observer, NOW)).toEqual([{ queue: 'virnucpro', type: 'workflow', waiting: 1 }]);
    expect(asked).toEqual(['poll workflow virnucpro']);
  });

  it('nothing waits, or an old server does not name the queue → nothing is asked', async () => {
    const { observer, asked } = serverWith([task(KMER, 'running', 600), task(undefined, 'waiting', 600)]);
    expect(await findUnserved(observer, NOW)).toEqual([]);
    expect(asked).toEqual([]);
  });
});

describe('startHint', () => {
  const settings = { address: 'host:7233', namespace: 'ns', connectionOptions: {} };
  it.each([
    [KMER, 'virnucpro worker --role gpu --embedder kmer --address host:7233 --namespace ns'],
    ['virnucpro', 'virnucpro worker --role io --address host:7233 --namespace ns'],
    ['mine', 'createWorkers({ gpuTaskQueues })'],
  ])('%s → names it and how to serve it', (queue, how) => {
    const hint = startHint({ queue, type: 'activity', waiting: 1 }, settings);
    expect(hint).toContain(`no worker polls the queue ${queue}`);
    expect(hint).toContain(how);
  });
});
