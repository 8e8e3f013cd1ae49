import { describe, expect, it } from 'vitest';
import { checkDiskSpace, judgeSpace } from '../../../../src/cli/doctor/disk-space.ts';
import { planOf } from '../../../support/plan.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

describe('judgeSpace', () => {
  it.each([
    [{ freeBytes: 50e9, inodes: 1e6, freeInodes: 9e5 }, 'ok'],
    [{ freeBytes: 50e9, inodes: 0, freeInodes: 0 }, 'ok'],
    [{ freeBytes: 0.5e9, inodes: 1e6, freeInodes: 9e5 }, 'warning'],
    [{ freeBytes: 50e9, inodes: 1e6, freeInodes: 500 }, 'warning'],
    [{ freeBytes: 50e9, inodes: 1e6, freeInodes: 0 }, 'problem'],
    [{ freeBytes: 1e6, inodes: 1e6, freeInodes: 9e5 }, 'problem'],
  ])('%o → %s', (space, status) => {
    expect(judgeSpace(space).status).toBe(status);
  });

  const roomy = { freeBytes: 50e9, inodes: 1e6, freeInodes: 9e5 };

  it('what the last plan has still to embed → named; more than is free → a problem', () => {
    expect(judgeSpace(roomy, { tasks: 5, bytes: 2e9 })).toEqual({
      check: 'disk-space',
      status: 'ok',
      message: '50.0 GB free, 900,000 inodes; the last plan has 5 files to embed, which take about 2.0 GB',
    });
    expect(judgeSpace(roomy, { tasks: 5, bytes: 60e9 })).toMatchObject({ status: 'problem' });
    expect(judgeSpace(roomy, { tasks: 200_000, bytes: 1e9 })).toMatchObject({ status: 'problem' });
  });

  it('a plan with one pending file whose checkpoint is there → only the other one counts', async () => {
    const plan = planOf({ states: ['pending', 'pending', 'found'], windows: 100 });
    const lacking = { header: plan.header, tasks: plan.tasks.slice(0, 1) };
    const { message } = await checkDiskSpace(await temporaryFolder(), { plan, lacking });
    expect(message).toContain('1 file to embed');
  });
});
