import { describe, expect, it } from 'vitest';
import { judgeSpace } from '../../../../src/cli/doctor/disk-space.ts';

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
});
