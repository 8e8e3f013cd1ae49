import { describe, expect, it } from 'vitest';
import { followRun, type Following } from '../../../../src/cli/session/follow-run.ts';
import { deferred } from '../../../../src/platform/deferred.ts';

interface Status {
  troubles: string[];
  news: string[];
  done: number;
}

const status = (done: number, rest: Partial<Status> = {}): Status => ({ troubles: [], news: [], done, ...rest });
const undecodable = new Error('what workflow w says cannot be decoded here');

/** A run that gives these statuses, then this end of its progress, and what was said and shown of it. */
function setUp(statuses: readonly Status[], endOfProgress: (signal: AbortSignal) => Promise<void>) {
  const outcome = deferred<string>();
  const lines: string[] = [];
  const shown: string[] = [];
  const show = ({ done, phase }: { done: number; phase: string }) => shown.push(`${done} ${phase}`);
  const ended = new AbortController();
  const following: Following<Status, string> = {
    run: {
      async *progress({ signal = ended.signal }) {
        yield* statuses;
        await endOfProgress(signal);
      },
      result: () => outcome.promise,
    },
    job: {
      news: ({ news }) => news,
      lateNews: async () => 'late news',
      progressOf: ({ done }) => ({ phase: 'embedding', done, total: 2, counts: [] }),
      finalProgress: (phase) => ({ phase, done: 2, total: 2, counts: [] }),
    },
    view: { update: show, finish: show, stop: () => shown.push('stopped') },
    hopeless: [],
    ended,
    say: (line) => lines.push(line),
  };
  return { following, outcome, lines, shown };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Rejections that nobody has handled, of what happens meanwhile; vitest fails the test for each, too. */
async function unhandledDuring(work: () => Promise<unknown>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    await work();
    await new Promise((resolve) => setImmediate(resolve));
    return unhandled;
  } finally {
    process.off('unhandledRejection', note);
  }
}

describe('followRun', () => {
  it('progress, then the end → news and troubles once each, the progress, and the outcome', async () => {
    const { following, outcome, lines, shown } = setUp(
      [status(0, { news: ['found 1'] }), status(1, { news: ['found 1'], troubles: ['no space'] })],
      aborted,
    );
    setTimeout(() => outcome.resolve('success'), 5);
    expect(await followRun(following)).toBe('success');
    expect(lines).toEqual(['found 1', 'being tried again: no space']);
    expect(shown).toEqual(['0 embedding', '1 embedding', '2 success', 'stopped']);
  });

  it('over before it was asked how it gets on → the late news', async () => {
    const { following, outcome, lines } = setUp([], aborted);
    outcome.resolve('success');
    await followRun(following);
    expect(lines).toEqual(['late news']);
  });

  it('progress cannot be decoded while the run goes on → that error ends the following, and is handled', async () => {
    const { following, shown } = setUp([status(1)], () => Promise.reject(undecodable));
    const unhandled = await unhandledDuring(() =>
      expect(Promise.race([followRun(following), later('still following')])).rejects.toBe(undecodable),
    );
    expect(unhandled).toEqual([]);
    expect(following.ended.signal.aborted).toBe(true);
    expect(shown).toEqual(['1 embedding', 'stopped']);
  });

  it('progress fails once the outcome is known → the outcome', async () => {
    const { following, outcome, lines } = setUp([], async (signal) => {
      await aborted(signal);
      throw undecodable;
    });
    outcome.resolve('success');
    expect(await followRun(following)).toBe('success');
    expect(lines).toEqual(['late news']);
  });

  it('no point in waiting any longer → that reason, after the watching has ended', async () => {
    let watched = false;
    const { following, shown } = setUp([], async (signal) => {
      await aborted(signal);
      watched = true;
    });
    const reason = new Error('gave up');
    await expect(followRun({ ...following, hopeless: [Promise.reject(reason)] })).rejects.toBe(reason);
    expect([watched, shown]).toEqual([true, ['stopped']]);
  });
});

function later(value: string): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve(value), 1000));
}
