// The event loop of a worker carries its heartbeats: what it does with checkpoints must not hold it up.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  inspectCheckpoint,
  openCheckpoint,
  validateCheckpoint,
  validateCheckpointSync,
  writeCheckpoint,
} from '../../src/checkpoint/index.ts';

const DIM = 768;
/** Long beside the pauses that a busy machine causes. */
const WORTHWHILE_MS = 400;
/** Of the time that the work takes in the calling thread. */
const TOLERATED_SHARE = 1 / 4;
const RESOLUTION_MS = 10;

interface Content {
  kind: 'nucleotide';
  ids: string[];
  /** In a SharedArrayBuffer, as a worker that cares keeps them: others are copied by the calling thread. */
  rows: Float32Array;
  dim: number;
}

function contentOf(rows: number): Content {
  const values = new Float32Array(new SharedArrayBuffer(4 * rows * DIM));
  for (let index = 0; index < values.length; index++) values[index] = (index % 1999) - 1000.5;
  return {
    kind: 'nucleotide',
    ids: Array.from({ length: rows }, (_, row) => `sequence_${row}`),
    rows: values,
    dim: DIM,
  };
}

/** A checkpoint large enough that its validation takes WORTHWHILE_MS on this machine. */
async function slowCheckpoint(path: string): Promise<{ content: Content; blockingMs: number }> {
  for (let rows = 20_000; ; rows *= 2) {
    const content = contentOf(rows);
    await rm(path, { force: true });
    await writeCheckpoint(path, content);
    const start = performance.now();
    expect(validateCheckpointSync(path, { level: 'deep' }).result).toBe('valid');
    const blockingMs = performance.now() - start;
    if (blockingMs >= WORTHWHILE_MS) return { content, blockingMs };
  }
}

async function longestDelayMs(work: () => unknown): Promise<number> {
  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  monitor.enable();
  // It measures from one tick of its timer to the next: there must be one before the work, and one after it.
  await delay(3 * RESOLUTION_MS);
  await work();
  await delay(3 * RESOLUTION_MS);
  monitor.disable();
  return monitor.max / 1e6;
}

async function readEveryRow(path: string): Promise<void> {
  const checkpoint = await openCheckpoint(path);
  let rows = 0;
  for await (const { values } of checkpoint) rows += values.length / DIM;
  checkpoint.close();
  expect(rows).toBe(checkpoint.rows);
}

describe('event loop of a process that works on a large checkpoint', () => {
  let folder: string;
  let path: string;
  let slow: Awaited<ReturnType<typeof slowCheckpoint>>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'virnucpro-test-'));
    path = join(folder, 'slow_DNABERT_S.pt');
    slow = await slowCheckpoint(path);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('validateCheckpointSync → delayed for as long as it takes: the measurement sees it', async () => {
    const delayed = await longestDelayMs(() => validateCheckpointSync(path, { level: 'deep' }));
    expect(delayed).toBeGreaterThan(slow.blockingMs * TOLERATED_SHARE);
  });

  const WORK: Record<string, () => Promise<unknown>> = {
    'validateCheckpoint, deep': () => validateCheckpoint(path, { level: 'deep' }),
    'validateCheckpoint, structure': () => validateCheckpoint(path),
    'openCheckpoint, deep': async () => (await openCheckpoint(path, { level: 'deep' })).close(),
    'openCheckpoint, every row read': () => readEveryRow(path),
    inspectCheckpoint: () => inspectCheckpoint(path),
    writeCheckpoint: () => writeCheckpoint(join(folder, 'written_DNABERT_S.pt'), slow.content),
  };

  // Others may take the processors at the wrong moment.
  const again = { retry: 2 };
  it.each(Object.entries(WORK))(
    '%s → delayed for a fraction of the time that the work takes',
    again,
    async (name, work) => {
      const delayed = await longestDelayMs(work);
      const tolerated = slow.blockingMs * TOLERATED_SHARE;
      console.log(
        `${name}: longest delay ${delayed.toFixed(1)} ms; validating it in the calling thread takes ${slow.blockingMs.toFixed(0)} ms`,
      );
      expect(delayed).toBeLessThan(tolerated);
    },
  );
});
