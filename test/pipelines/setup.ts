import type { TestProject } from 'vitest/node';
import { startDevServer } from '../support/dev-server.ts';
import { ShellPlace } from '../support/shell-place.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** host:port of a server with a worker for `kmer` and `fake`. */
    servedAddress: string;
  }
}

/** One server and one worker for all files of the tier. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startDevServer();
  const workers = new ShellPlace();
  const stop = async (): Promise<void> => {
    workers.remove();
    await server.stop();
  };
  try {
    await workers.startWorker(['--role', 'all', '--address', server.address]);
  } catch (error) {
    await stop();
    throw error;
  }
  project.provide('servedAddress', server.address);
  return stop;
}
