import { describe, expect, it } from 'vitest';
import { judgeQueue } from '../../../../src/cli/doctor/pollers.ts';

describe('judgeQueue', () => {
  const NOW = 1_000_000_000;
  const queue = { queue: 'virnucpro', tasks: 'workflows', role: 'io', needed: true };
  const poller = (identity: string, secondsAgo: number) => ({ identity, lastAccessMs: NOW - secondsAgo * 1000 });

  it('two polls of one worker → served by it', () => {
    const finding = judgeQueue({ ...queue, pollers: [poller('1@a', 5), poller('1@a', 50)] }, 'host:7233', NOW);
    expect(finding).toMatchObject({ status: 'ok', message: 'queue virnucpro (workflows): served by 1@a' });
  });

  it('nobody → a warning with the command that starts a worker', () => {
    expect(judgeQueue({ ...queue, pollers: [] }, 'host:7233', NOW)).toMatchObject({
      status: 'warning',
      todo: 'virnucpro worker --role io --address host:7233',
    });
  });

  it('a worker that was last seen three minutes ago → nobody', () => {
    expect(judgeQueue({ ...queue, pollers: [poller('1@a', 180)] }, 'host:7233', NOW).status).toBe('warning');
  });

  it('nobody on a queue that no run here needs → no warning', () => {
    expect(judgeQueue({ ...queue, needed: false, pollers: [] }, 'host:7233', NOW).status).toBe('info');
  });

  it('a worker with a version, and a hundred workers → its version; eight of them by name', () => {
    const versioned = { ...poller('1@a', 5), version: 'gpu.42' };
    expect(judgeQueue({ ...queue, pollers: [versioned] }, 'host:7233', NOW).message).toMatch(
      /served by 1@a \(gpu\.42\)$/u,
    );
    const hundred = Array.from({ length: 100 }, (_, at) => poller(`${at}@a`, 5));
    expect(judgeQueue({ ...queue, pollers: hundred }, 'host:7233', NOW).message).toMatch(/, 7@a and 92 more$/u);
  });

  it('last seen three minutes ago → said, for it may be busy', () => {
    const { message } = judgeQueue({ ...queue, pollers: [poller('1@a', 180)] }, 'host:7233', NOW);
    expect(message).toContain('the last one did 180 s ago; it may be busy');
  });

  it("a queue of a request's own → no command of ours serves it", () => {
    const own = judgeQueue({ ...queue, queue: 'my-gpus', pollers: [] }, 'host:7233', NOW);
    expect(own).toMatchObject({ status: 'warning', todo: expect.stringContaining('docs/workers.md') });
  });
});
