import { Command, InvalidArgumentError, Option } from 'commander';
import { requireEmbedders } from '../embedders/index.ts';
import { LOG_FORMATS } from '../observe/log-format.ts';
import { parseMetricsAddress, type MetricsAddress } from '../observe/metrics-endpoint.ts';
import { dataConverterOption } from './data-converter.ts';
import { collectEmbedder, positiveInteger } from './option-parsers.ts';
import { otelOption } from './otel.ts';
import { parseGpus } from './worker/gpu-list.ts';
import type { WorkerFlags } from './worker/worker-flags.ts';

/** `virnucpro worker`: serves runs until it is told to stop. */
export function workerCommand(): Command {
  return new Command('worker')
    .description('serve runs: workflows and files (io), embedding (gpu), or both (all)')
    .addOption(new Option('--role <role>', 'what to serve').choices(['io', 'gpu', 'all']).default('all'))
    .addOption(
      new Option(
        '--embedder <name>',
        'embedders to serve, with their queues (repeatable; default: kmer and fake)',
      ).argParser(collectEmbedder),
    )
    .addOption(
      new Option('--gpus <list>', 'a worker process for each of these GPUs, e.g. 0,1: numbers or UUIDs').argParser(
        gpuList,
      ),
    )
    .addOption(
      new Option(
        '--retry-lost-gpus <seconds>',
        'with --gpus: try a lost GPU again after so long (default: never)',
      ).argParser(positiveInteger),
    )
    .addOption(new Option('--slots <n>', 'tasks in flight per embedder').argParser(positiveInteger))
    .option('--address <host:port>', 'Temporal server (default: TEMPORAL_ADDRESS, profile, or localhost:7233)')
    .option('--namespace <name>', 'namespace (default: TEMPORAL_NAMESPACE, profile, or default)')
    .addOption(
      new Option(
        '--metrics-address <host:port>',
        'answer Prometheus here, at /metrics; with --gpus each process on a port of its own, counted up from this one',
      ).argParser(metricsAddress),
    )
    .addOption(dataConverterOption())
    .addOption(
      new Option(
        '--log-format <format>',
        'of the log on stderr: a JSON object a line, or lines for people (default: pretty on a terminal, else json)',
      ).choices(LOG_FORMATS),
    )
    .addOption(otelOption())
    .addOption(new Option('--gpu-name <name>').hideHelp())
    .addOption(new Option('--local-server-pid <pid>').argParser(positiveInteger).hideHelp())
    .addOption(new Option('--require-gpu').hideHelp())
    .addHelpText(
      'after',
      `
Queues: virnucpro (io), virnucpro-gpu-<embedder> (gpu). SIGTERM flushes the rows at hand and hands the tasks back.
With --gpus each GPU has a worker process and an embedder process of its own, which are started again when they die. One that
loses its device is not: the others go on. Exit code 1 when none is left, 86 for a worker without --gpus. Where something
starts this command again whenever it ends, --retry-lost-gpus keeps it from doing so in circles.

Examples:
  virnucpro worker --role io --address temporal.example:7233 --metrics-address 0.0.0.0:9464
  virnucpro worker --role gpu --embedder kmer --slots 8
  virnucpro worker --role gpu --embedder fake --gpus 0,1`,
    )
    .action(async (flags: WorkerFlags, command: Command) => {
      const { gpus, role, embedder, retryLostGpus } = flags;
      // One that cannot work here would take its tasks and fail them.
      if (role !== 'io') requireEmbedders(embedder ?? []);
      if (gpus !== undefined) {
        if (role !== 'gpu') command.error(`error: --gpus is for --role gpu, not --role ${role}`);
        if (embedder === undefined)
          command.error('error: --gpus needs --embedder: a GPU holds the models that are named');
        const { superviseGpus } = await import('./worker/supervise-gpus.ts');
        process.exitCode = await superviseGpus({ ...flags, gpus });
        return;
      }
      if (retryLostGpus !== undefined) command.error('error: --retry-lost-gpus is for --gpus');
      // The SDK's worker takes a second to load: only this command pays for it.
      const { serveWorker } = await import('./serve-worker.ts');
      await serveWorker(flags);
    });
}

function gpuList(value: string): string[] {
  try {
    return parseGpus(value);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function metricsAddress(value: string): MetricsAddress {
  try {
    return parseMetricsAddress(value);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
