import { describe, expect, it } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { neededBytes, requireDiskSpace } from '../../../src/run/disk-space.ts';
import { planOf } from '../../support/plan.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('neededBytes', () => {
  it('found ones → nothing', () => {
    expect(neededBytes(planOf({ states: ['found', 'skipped'] }))).toBe(0);
  });

  it('pending ones → at least the values twice: spool and checkpoint', () => {
    expect(neededBytes(planOf({ windows: 1000 }))).toBeGreaterThanOrEqual(1000 * 16 * 4 * 2);
  });

  it('more tasks than can be in flight → spools of those in flight only', () => {
    const one = neededBytes(planOf({ windows: 1000 }));
    const many = neededBytes(planOf({ windows: 1000, states: Array<'pending'>(640).fill('pending') }));
    expect(many).toBeLessThan(640 * one - 500 * 1000 * 16 * 4);
  });
});

describe('requireDiskSpace', () => {
  it('room enough → nothing; more than any disk has → RunError.InvalidInput with both numbers', async () => {
    const folder = await temporaryFolder();
    await requireDiskSpace(folder, planOf());
    await expect(requireDiskSpace(folder, planOf({ windows: 1e15 }))).rejects.toMatchObject({
      type: FailureType.RunInvalidInput,
      message: expect.stringMatching(/not enough disk space .* needs about [\d.]+ MB, [\d.]+ MB are free/u),
    });
  });
});
