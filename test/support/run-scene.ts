import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { RunOptions } from '../../src/client/index.ts';

/** Where one run of a test works. */
export interface RunScene {
  readonly folder: string;
  /** DIR */
  readonly out: string;
  /** What the fake embedder embedded. */
  readonly log: string;
  /** A request to embed `in` with the fake embedder. */
  request(options?: Record<string, string>, more?: Partial<RunOptions>): RunOptions;
}

/** A folder that is removed when the test ends. */
export function runScene(): RunScene {
  const folder = mkdtempSync(join(tmpdir(), 'virnucpro-run-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  const [out, log] = [join(folder, 'out'), join(folder, 'fake.log')];
  const request: RunScene['request'] = (options = {}, more = {}) => ({
    directory: out,
    inputs: [join(folder, 'in')],
    embedders: [{ name: 'fake', options: { log, ...options } }],
    ...more,
  });
  return { folder, out, log, request };
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(50);
}
