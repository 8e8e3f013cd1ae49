import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { killActivities } from '../chaos/activity-kills.ts';

const SEED = Number(process.env['VIRNUCPRO_CHAOS_SEED'] ?? randomInt(2 ** 31));

describe('processes killed with SIGKILL', () => {
  it('90 activity processes, at every step, ten deep and at random times → as an uninterrupted run, nothing acknowledged lost', async () => {
    const tally = await killActivities({ kills: 90, seed: SEED, lanes: 2 });
    console.log(`${tally}\n${[...tally.steps.keys()].join('\n')}`);
    expect(tally.violations).toEqual([]);
    expect(tally.kills).toBeGreaterThanOrEqual(90);
  });
});
