import type { Connection } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { checkServerClock, judgeClock } from '../../../../src/cli/doctor/server-clock.ts';

describe('judgeClock', () => {
  it.each([
    [{ before: 1000, server: 1020, after: 1100 }, 'ok', 'agree'],
    [{ before: 1000, server: 4000, after: 1100 }, 'ok', 'differ by 2.9 s'],
    [{ before: 100_000, server: 40_000, after: 100_050 }, 'warning', 'is 60.0 s ahead of'],
    [{ before: 1000, server: 61_100, after: 1100 }, 'warning', 'is 60.0 s behind'],
  ])('%o → %s: %s', (reading, status, text) => {
    const finding = judgeClock(reading);
    expect(finding).toMatchObject({ check: 'server-clock', status });
    expect(finding.message).toContain(text);
  });
});

/** A server that notes polls, whose clock is ahead, as far as this check asks it. */
class FakeServer {
  readonly #identities = new Set<string>();
  readonly #aheadSeconds: number;
  readonly #refusal: Error | undefined;
  #signal: AbortSignal | undefined;
  isPolled = false;

  constructor(aheadSeconds: number, refusal?: Error) {
    this.#aheadSeconds = aheadSeconds;
    this.#refusal = refusal;
  }

  withAbortSignal<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    this.#signal = signal;
    return call();
  }

  withDeadline<T>(_: number, call: () => Promise<T>): Promise<T> {
    return call();
  }

  readonly workflowService = {
    pollActivityTaskQueue: ({ identity }: { identity: string }): Promise<unknown> => {
      if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
      this.#identities.add(identity);
      this.isPolled = true;
      return new Promise((_, reject) => {
        this.#signal?.addEventListener('abort', () => {
          this.isPolled = false;
          reject(new Error('cancelled'));
        });
      });
    },
    describeTaskQueue: async () => {
      const lastAccessTime = { seconds: Math.floor(Date.now() / 1000) + this.#aheadSeconds, nanos: 0 };
      return { pollers: [...this.#identities].map((identity) => ({ identity, lastAccessTime })) };
    },
  };

  get connection(): Connection {
    return this as unknown as Connection;
  }
}

describe('checkServerClock', () => {
  it('a server whose clock is an hour ahead → a warning, and the poll is over', async () => {
    const server = new FakeServer(3600);
    const finding = await checkServerClock(server.connection, 'default', 'me');
    expect(finding).toMatchObject({ status: 'warning', message: expect.stringContaining('behind') });
    expect(server.isPolled).toBe(false);
  });

  it('a server that lets nobody poll → information, not a guess', async () => {
    const server = new FakeServer(0, new Error('7 PERMISSION_DENIED: no'));
    const finding = await checkServerClock(server.connection, 'default', 'me');
    expect(finding).toEqual({
      check: 'server-clock',
      status: 'info',
      message: 'cannot be learned: 7 PERMISSION_DENIED: no',
    });
  });
});
