import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePlace, type Place } from '../../bench/lib/scale-place.mjs';
import { measureSlots } from '../../bench/lib/scale-slots.mjs';

let place: Place;

beforeAll(async () => {
  place = await makePlace(undefined, () => {});
});

afterAll(async () => {
  await place?.leave();
});

describe('slots of an embedder', () => {
  // How busy they are beyond that depends on the machine: what a poll takes lies between two tasks. `npm run bench:scale`
  // judges it.
  it('tasks of 100 ms in small partitions → no slot waits for a partition to be opened', { retry: 2 }, async () => {
    const use = await measureSlots(place, { files: 288, slots: 4, partitionSize: 48, maxInFlight: 16 });
    expect(use.partitions).toBe(7);
    expect(use.starved).toBeLessThan(0.05);
  });
});
