import { describe, expect, it } from 'vitest';
import { fitOutcome } from '../../../src/run/fit-outcome.ts';

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

describe('fitOutcome', () => {
  it('a short one → as it is', () => {
    const outcome = { message: 'done', offenders: [{ path: 'a.pt', reason: 'corrupted: …' }], rows: 3 };
    expect(fitOutcome(outcome)).toEqual(outcome);
  });

  it('a message, paths and reasons of three-byte characters → cut between characters, ends of paths kept', () => {
    const offender = { path: `${'学'.repeat(200)}.pt`, reason: '因'.repeat(200) };
    const { message, offenders } = fitOutcome({ message: '学'.repeat(400), offenders: [offender] });
    expect(message).toBe('学'.repeat(170));
    expect(offenders).toEqual([{ path: `${'学'.repeat(41)}.pt`, reason: '因'.repeat(42) }]);
  });

  it('ten offenders that need escapes → as many of the first five as fit into 2 KiB', () => {
    const offenders = Array.from({ length: 10 }, (_, at) => ({ path: `${at}`, reason: '"'.repeat(128) }));
    const fitted = fitOutcome({ message: 'm'.repeat(600), offenders });
    expect(bytesOf(fitted)).toBeLessThanOrEqual(2048);
    expect(fitted.offenders.map(({ path }) => path)).toEqual(['0', '1', '2', '3', '4']);
    const worse = offenders.map(() => ({ path: '\u0001'.repeat(128), reason: '\u0001'.repeat(128) }));
    const smaller = fitOutcome({ message: 'm', offenders: worse });
    expect(bytesOf(smaller)).toBeLessThanOrEqual(2048);
    expect(smaller.offenders).toHaveLength(1);
  });
});
