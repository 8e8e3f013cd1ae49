import { describe, expect, it } from 'vitest';
import { attempt } from '../../../../src/cli/doctor/attempt.ts';
import type { Finding } from '../../../../src/cli/doctor/finding.ts';

const FINDING: Finding = { check: 'server', status: 'ok', message: 'there' };

describe('attempt', () => {
  it('findings, one of them, at once or later → as they are', async () => {
    expect(await attempt('server', () => FINDING)).toEqual([FINDING]);
    expect(await attempt('server', async () => [FINDING, FINDING])).toEqual([FINDING, FINDING]);
  });

  it.each([
    ['at once', () => failing()],
    ['later', async () => failing()],
  ])('an error, %s → a problem of that check', async (_, make) => {
    expect(await attempt('server', make)).toEqual([
      { check: 'server', status: 'problem', message: 'cannot be checked: boom', todo: expect.any(String) },
    ]);
  });
});

function failing(): Finding {
  throw new Error('boom');
}
