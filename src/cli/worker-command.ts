import { Command, InvalidArgumentError, Option } from 'commander';
import { EMBEDDERS } from '../embedders/index.ts';
import type { WorkerRole } from '../worker/index.ts';

/** Options of `virnucpro worker`. */
export interface WorkerFlags {
  role: WorkerRole;
  embedder?: string[];
  slots?: number;
  address?: string;
  namespace?: string;
  localServerPid?: number;
}

/** `virnucpro worker`: serves runs until it is told to stop. */
export function workerCommand(): Command {
  return new Command('worker')
    .description('serve runs: workflows and files (io), embedding (gpu), or both (all)')
    .addOption(new Option('--role <role>', 'what to serve').choices(['io', 'gpu', 'all']).default('all'))
    .addOption(
      new Option('--embedder <name>', 'embedders to serve, with their queues (repeatable; default: all)').argParser(
        collect,
      ),
    )
    .addOption(new Option('--slots <n>', 'tasks in flight per embedder').argParser(wholeNumber))
    .option('--address <host:port>', 'Temporal server (default: TEMPORAL_ADDRESS, profile, or localhost:7233)')
    .option('--namespace <name>', 'namespace (default: TEMPORAL_NAMESPACE, profile, or default)')
    .addOption(new Option('--local-server-pid <pid>').argParser(wholeNumber).hideHelp())
    .addHelpText(
      'after',
      `
Queues: virnucpro (io), virnucpro-gpu-<embedder> (gpu). SIGTERM flushes the rows at hand and hands the tasks back.

Examples:
  virnucpro worker --role io --address temporal.example:7233
  virnucpro worker --role gpu --embedder kmer --slots 8`,
    )
    .action(async (flags: WorkerFlags) => {
      // The SDK's worker takes a second to load: only this command pays for it.
      const { serveWorker } = await import('./serve-worker.ts');
      await serveWorker(flags);
    });
}

function collect(value: string, previous: string[] | undefined): string[] {
  if (!EMBEDDERS.some(({ name }) => name === value)) {
    throw new InvalidArgumentError(`expected one of ${EMBEDDERS.map(({ name }) => name).join(', ')}`);
  }
  return [...(previous ?? []), value];
}

function wholeNumber(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('expected a whole number of at least 1');
  return number;
}
