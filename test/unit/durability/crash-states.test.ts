import { describe, expect, test } from 'vitest';
import { settleCheckpoint } from '../../../src/activities/settle-checkpoint.ts';
import { openSpool } from '../../../src/spool/index.ts';
import { BATCHES, ONE_BATCH, SKIPPING } from './life-of-a-task.ts';
import { crashEverywhere, crashOneLife, type Findings } from './violations.ts';

// How much more is tried than in every test run: VIRNUCPRO_CRASH_STATES=20 makes twenty times the random states.
const TIMES = Number(process.env['VIRNUCPRO_CRASH_STATES'] ?? 1);
const SEED = 5;

const storage = { openSpool, settleCheckpoint };
const WORK = [
  ['a task of several batches', BATCHES],
  ['one that does without two records', SKIPPING],
  ['a task of one batch, whose rows are not synced', ONE_BATCH],
] as const;

function report(what: string, { states, violations }: Findings): void {
  console.log(`${what}: ${states} states of the disk`);
  expect(Object.fromEntries(violations)).toEqual({});
}

describe('power lost at any moment, what is not synced lost, cut, zero, garbage or kept → nothing promised is gone', () => {
  test.each(WORK)('%s', async (what, work) => {
    const findings: Findings = { states: 0, violations: new Map() };
    await crashOneLife(storage, work, {}, { exhaustive: 150, samples: 20 * TIMES, seed: SEED }, findings);
    report(what, findings);
  });

  test.each(WORK)(
    '%s, the first attempt killed at each of its operations',
    async (what, work) => {
      const options = { exhaustive: 4, samples: TIMES, seed: SEED, brief: true, whenTold: TIMES === 1 };
      report(`${what}, killed`, await crashEverywhere(storage, work, options));
    },
    600_000,
  );
});
