import { Command, InvalidArgumentError, Option } from 'commander';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { connectClient, connectionSettings } from '../client/index.ts';
import { EMBEDDERS } from '../embedders/index.ts';
import { createWorkers, type WorkerRole } from '../worker/index.ts';

interface WorkerFlags {
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
    .action(serve);
}

async function serve(flags: WorkerFlags): Promise<void> {
  const abandoned = new AbortController();
  // A worker that a command started for itself must not outlive it: the channel closes when the command is gone, which
  // may be long before this process is ready to serve.
  process.once('disconnect', () => abandoned.abort());
  const { address, namespace, role, embedder, slots, localServerPid } = flags;
  Runtime.install({ logger: new DefaultLogger('INFO', logLine), telemetryOptions: QUIET_CORE });
  const settings = connectionSettings({
    ...(address === undefined ? {} : { address }),
    ...(namespace === undefined ? {} : { namespace }),
  });
  // Says what is wrong with the server before a worker retries it in silence.
  await (await connectClient(settings)).connection.close();
  const connection = await NativeConnection.connect(settings.connectionOptions);
  try {
    const serving = await createWorkers({
      connection,
      namespace: settings.namespace,
      address: settings.address,
      role,
      log: (line) => process.stderr.write(`${line}\n`),
      ...(embedder === undefined ? {} : { embedders: embedder }),
      ...(slots === undefined ? {} : { slots }),
      ...(localServerPid === undefined ? {} : { localServerPid }),
    });
    if (abandoned.signal.aborted) return;
    abandoned.signal.addEventListener('abort', serving.shutdown);
    process.stderr.write(`serving ${role} for ${settings.namespace} at ${settings.address}\n`);
    await serving.run();
  } finally {
    await connection.close();
  }
  process.disconnect?.();
}

const QUIET_CORE = { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } } as const;

function logLine({
  level,
  timestampNanos,
  message,
  meta,
}: Parameters<ConstructorParameters<typeof DefaultLogger>[1] & {}>[0]): void {
  const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
  const { workflowId, activityType, error } = (meta ?? {}) as Record<string, unknown>;
  const about = [workflowId, activityType].filter((part) => typeof part === 'string').join(' ');
  const cause = error instanceof Error ? `: ${error.message}` : '';
  process.stderr.write(`${time} ${level} ${message}${about === '' ? '' : ` [${about}]`}${cause}\n`);
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
