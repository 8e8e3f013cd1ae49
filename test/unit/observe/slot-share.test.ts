import { expect, it } from 'vitest';
import { SlotShare } from '../../../src/observe/slot-share.ts';

it('tasks that come and go → their share of the slot time of each window', () => {
  const share = new SlotShare(2, 0);
  share.change(1, 2);
  share.change(1, 4);
  share.change(-1, 8);
  // 6 s + 4 s of the first task and the second, of 2 × 10 s.
  expect(share.take(10)).toBeCloseTo((8 + 4) / 20);
  expect(share.busy).toBe(1);
  expect(share.take(20)).toBeCloseTo(0.5);
  share.change(-1, 20);
  expect(share.take(30)).toBe(0);
});

it('a window of no length → 0, and no time is lost', () => {
  const share = new SlotShare(1, 0);
  share.change(1, 0);
  expect(share.take(0)).toBe(0);
  expect(share.take(10)).toBe(1);
});
