import { describe, expect, test } from 'vitest';
import { settleCheckpoint } from '../../../src/activities/settle-checkpoint.ts';
import { openSpool } from '../../../src/spool/index.ts';
import { crashStates } from '../../support/crash-states.ts';
import { carryOn } from './carry-on.ts';
import { BATCHES, liveThrough, ONE_BATCH, soundCheckpoint, type Kills, type Work } from './life-of-a-task.ts';

const storage = { openSpool, settleCheckpoint };

async function check(work: Work, kills: Kills, options: { exhaustive: number; samples: number; seed: number }) {
  const sound = await soundCheckpoint(storage, work);
  const model = await liveThrough(storage, work, kills);
  const broken = new Map<string, string>();
  let states = 0;
  for (const state of crashStates(model, options)) {
    states += 1;
    for (const problem of await carryOn(storage, work, state, sound)) {
      if (!broken.has(problem)) broken.set(problem, state.description);
    }
  }
  return { broken: Object.fromEntries(broken), states, entries: model.journal.length };
}

describe('power lost at any moment', () => {
  test.each([['batches', BATCHES], ['one batch', ONE_BATCH]])('%s', async (_name, work) => {
    const t = performance.now();
    let states = 0;
    for (let n = 0; n < 30; n++) {
    const r = await check(work, {embed: n}, { exhaustive: 36, samples: 0, seed: 1 });
    states += r.states;
    if (Object.keys(r.broken).length > 0) console.log('embed', n, r);
    }
    for (let n = 0; n < 50; n++) {
    const r = await check(work, {save: n}, { exhaustive: 36, samples: 0, seed: 1 });
    states += r.states;
    if (Object.keys(r.broken).length > 0) console.log('save', n, r);
    }
    console.log(states, performance.now() - t);
  }, 300000);
});
