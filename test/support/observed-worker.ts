import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRun } from '../../src/client/index.ts';
import type { RunReport } from '../../src/run/report.ts';
import { freePorts } from '../../src/server/free-ports.ts';
import { Command } from './command.ts';
import { endAll } from './processes.ts';
import { makeInputs } from './run-folder.ts';
import { Scrape } from './scrape.ts';
import { startTemporal, type Temporal } from './temporal.ts';

/** What the runs of an observed worker are about. */
export const OBSERVED = { files: 3, records: 40, batch: 16 } as const;

/**
 * A worker process that has done three runs: one with faults, one that found a broken checkpoint and one with a record that
 * fails; and what it exports after the first two.
 */
export interface ObservedWorker {
  readonly temporal: Temporal;
  readonly scrape: Scrape;
  /** Of the first run. */
  readonly report: RunReport;
  /** Of the third run. */
  readonly failed: RunReport;
  /** Where its metrics are. */
  readonly url: string;
  /** What the worker has logged so far. */
  log(): string;
  stop(): Promise<void>;
}

/** @param flags of `virnucpro worker`, beside its addresses */
export async function startObservedWorker(...flags: string[]): Promise<ObservedWorker> {
  const temporal = await startTemporal();
  const folder = mkdtempSync(join(tmpdir(), 'virnucpro-observed-'));
  const stateHome = join(folder, 'state');
  mkdirSync(stateHome);
  const [port] = await freePorts('127.0.0.1', 1);
  const metrics = `127.0.0.1:${port}`;
  const args = ['worker', '--address', temporal.server.address, '--metrics-address', metrics, ...flags];
  const worker = new Command(args, { stateHome, cwd: folder });
  await worker.said('serving all');
  const embed = async (name: string, options: Record<string, string>): Promise<RunReport> => {
    const inputs = [makeInputs(folder, OBSERVED.files, OBSERVED.records)];
    const embedders = [{ name: 'kmer' }, { name: 'fake', options }];
    const directory = join(folder, name);
    const run = await startRun(temporal.client, { directory, inputs, embedders, batchSize: OBSERVED.batch });
    // How it ended is in its report.
    await run.result().catch(() => {});
    return JSON.parse(readFileSync(join(directory, 'report.json'), 'utf8')) as RunReport;
  };
  const report = await embed('out', { oomAbove: '8', crashAt: '20' });
  truncateSync(join(folder, 'out', 's00_KMER.pt'), 100);
  await embed('out', {});
  const url = `http://${metrics}/metrics`;
  const scrape = await Scrape.of(url);
  const failed = await embed('failing', { failOn: 's00_3' });
  const stop = async () => {
    worker.signal('SIGTERM');
    await worker.ended;
    endAll(stateHome);
    await temporal.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  return { temporal, scrape, report, failed, url, log: () => worker.stderr, stop };
}
