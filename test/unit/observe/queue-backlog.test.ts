import { expect, it } from 'vitest';
import { watchBacklog, type WatchedQueue } from '../../../src/observe/queue-backlog.ts';

const QUEUES: WatchedQueue[] = [
  { name: 'a', kind: 'workflow' },
  { name: 'b', kind: 'activity' },
  { name: 'c', kind: 'activity' },
];

it('queues → told again and again; one that cannot be asked, or has no count, is passed over', async () => {
  const told: [string, number][] = [];
  const ended = new AbortController();
  const probe = async ({ name }: WatchedQueue) => {
    if (name === 'b') throw new Error('no answer');
    return name === 'c' ? undefined : told.length;
  };
  const tell = ({ name }: WatchedQueue, backlog: number) => {
    told.push([name, backlog]);
    if (told.length === 3) ended.abort();
  };
  await watchBacklog(QUEUES, probe, tell, ended.signal, 1);
  expect(told).toEqual([
    ['a', 0],
    ['a', 1],
    ['a', 2],
  ]);
});
