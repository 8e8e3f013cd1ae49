import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { onTestFinished } from 'vitest';
import { closeCheckpointThreads } from '../../src/checkpoint/index.ts';
import {
  connectClient,
  connectionSettings,
  startRun,
  type RunHandle,
  type RunOptions,
} from '../../src/client/index.ts';
import type { RunOutcome } from '../../src/contract/outcome.ts';
import { createWorkers } from '../../src/worker/index.ts';
import { startDevServer } from './dev-server.ts';

/** A server, and workers of this process that serve some models. */
export interface ModelRuns {
  start(options: RunOptions): Promise<RunHandle>;
  run(options: RunOptions): Promise<RunOutcome>;
  /** What the processes of the models have printed so far. */
  readonly printed: string[];
  stop(): Promise<void>;
}

export async function serveModels(embedders: readonly string[]): Promise<ModelRuns> {
  // Threads that wait for each other spin, and tests that run beside these would pay for it.
  process.env['OMP_NUM_THREADS'] ??= '1';
  const telemetryOptions = { logging: { filter: 'ERROR', forward: {} } };
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions });
  const printed: string[] = [];
  const log = (line: string) => void printed.push(line);
  const server = await startDevServer();
  const { address } = server;
  const connection = await NativeConnection.connect({ address });
  const client: Client = await connectClient(connectionSettings({ address, namespace: 'default' }));
  const workers = await createWorkers({ connection, namespace: 'default', address, embedders, log });
  const running = workers.run();
  const start = (options: RunOptions) => startRun(client, options);
  return {
    start,
    run: async (options) => (await start(options)).result(),
    printed,
    stop: async () => {
      workers.shutdown();
      await running;
      await closeCheckpointThreads();
      await client.connection.close();
      await connection.close();
      await server.stop();
    },
  };
}

/** A folder with a run folder in it, removed when the test ends. */
export class ModelPlace {
  readonly folder: string;
  readonly out: string;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'virnucpro-models-'));
    this.out = join(this.folder, 'out');
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  }

  /** A request for the files in `in`. */
  asked(embedder: string, options: Record<string, string>, more: Partial<RunOptions> = {}): RunOptions {
    return {
      directory: this.out,
      inputs: [join(this.folder, 'in')],
      embedders: [{ name: embedder, options }],
      ...more,
    };
  }

  json(name: string): unknown {
    return JSON.parse(readFileSync(join(this.out, name), 'utf8'));
  }

  /** Fields of the lines of a list of failures. */
  listed(name: 'failed_files.txt' | 'failed_sequences.txt'): string[][] {
    const file = join(this.out, name);
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split('|'));
  }
}

/** Options for random weights, of other sizes and with faults. */
export function rehearsal(tiny: object | undefined, faults: object = {}): Record<string, string> {
  return { randomInit: 'true', rehearsal: JSON.stringify({ ...(tiny === undefined ? {} : { tiny }), faults }) };
}
