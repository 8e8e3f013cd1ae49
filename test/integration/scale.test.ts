import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeCheckpointThreads } from '../../dist/checkpoint/index.js';
import { BOUNDS } from '../../bench/lib/scale-goals.mjs';
import { measureHeartbeats } from '../../bench/lib/scale-heartbeats.mjs';
import { measureLargeRun } from '../../bench/lib/scale-large.mjs';
import { makePlace, type Place } from '../../bench/lib/scale-place.mjs';

// `npm run bench:scale` does the same with 100,000 files, and judges times too.
const FILES = 2000;
/** Room for a garbage collector that is in no hurry; a worker that kept 100 KB of every file would need more. */
const MEMORY_ROOM = 160e6;

let place: Place;

beforeAll(async () => {
  place = await makePlace(undefined, () => {});
});

afterAll(async () => {
  await closeCheckpointThreads();
  await place?.leave();
});

describe(`${FILES} files of one record`, () => {
  it(
    'all on disk and valid; short histories, small payloads, bounded memory, nothing left over',
    { timeout: 600_000 },
    async () => {
      const run = await measureLargeRun(place, { files: FILES, inFlight: 32 });
      expect(run.outcome).toBe('success');
      expect(run.disk).toEqual({ valid: FILES, failed: 0, inProgress: 0, leftovers: [] });
      // Of 500 tasks, but the first, and so the last, are half as large.
      expect(run.events.partitions).toBe(FILES / 500 + 1);
      expect(run.events.largest).toBeLessThan(BOUNDS.eventsPerExecution);
      expect(run.payloads.count).toBeGreaterThan(2 * FILES);
      expect(run.payloads.largest).toBeLessThan(BOUNDS.payloadBytes);
      const { at } = run.memory;
      expect(at[0]?.share).toBe(0.1);
      expect(at.at(-1)!.rssBytes - at[0]!.rssBytes).toBeLessThan(MEMORY_ROOM);
    },
  );

  it('tasks that last, of files with long names → heartbeat details of at most 1 KiB', async () => {
    const details = await measureHeartbeats(place);
    expect(details.count).toBeGreaterThan(0);
    expect(details.largest).toBeLessThanOrEqual(BOUNDS.heartbeatDetailsBytes);
  });
});
