import { describe, expect, test } from 'vitest';
import { settleCheckpoint } from '../../../src/activities/settle-checkpoint.ts';
import { openSpool } from '../../../src/spool/index.ts';
import { FAULT_KINDS, faultEverywhere, type FaultKind } from './faults.ts';
import { BATCHES, ONE_BATCH, SKIPPING } from './life-of-a-task.ts';

const storage = { openSpool, settleCheckpoint };

describe('each file operation of a task failing once → the next attempt ends as if it had not', () => {
  test.each(FAULT_KINDS.map((kind) => [titleOf(kind), kind] as const))(
    '%s',
    async (what, kind) => {
      let tried = 0;
      for (const work of [SKIPPING, ONE_BATCH]) {
        const { states, violations } = await faultEverywhere(storage, work, [kind]);
        expect(Object.fromEntries(violations)).toEqual({});
        tried += states;
      }
      expect(tried).toBeGreaterThan(10);
      console.log(`${what}: ${tried} lives and states of the disk`);
    },
    600_000,
  );

  test('every write and read short as well', async () => {
    const { violations } = await faultEverywhere(storage, BATCHES, [{ fault: { errno: 'EIO' } }], { halves: true });
    expect(Object.fromEntries(violations)).toEqual({});
  });
});

function titleOf({ fault: { errno, lie }, at, thenCrash }: FaultKind): string {
  const told = lie ? `${errno} for what was carried out` : errno;
  return `${told}${at ? ` at ${at.join()}` : ''}${thenCrash ? ', then power lost' : ''}`;
}
