import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { Command } from 'commander';
import {
  connectClient,
  connectionSettings,
  failedExecutions,
  fetchHistory,
  fetchRunHistories,
  readHistoryFile,
  replayHistories,
  type WorkflowHistory,
} from '../client/index.ts';
import { EXIT_FAILURE, messageOf } from './exit.ts';
import { formatTally, formatVerdict } from './replay/format-verdict.ts';
import { serverOfRun, type ServerChoice } from './replay/server-of-run.ts';
import { resolveTarget, type ReplayTarget } from './replay/targets.ts';

interface ReplayFlags extends ServerChoice {
  failed?: boolean;
}

/** `virnucpro replay`: does the code of this version decide as recorded histories say? */
export function replayCommand(): Command {
  return new Command('replay')
    .description('run the workflow code of this version against recorded histories; embeds nothing')
    .argument('[target...]', 'run folders, workflow ids or history files (JSON)')
    .option('--failed', 'runs and partitions that failed, timed out, were terminated or are stuck, from the server')
    .option('--address <host:port>', 'Temporal server (default: TEMPORAL_ADDRESS, profile, or localhost:7233)')
    .option('--namespace <name>', 'namespace (default: TEMPORAL_NAMESPACE, profile, or default)')
    .addHelpText('after', HELP)
    .action(async (targets: string[], flags: ReplayFlags, command: Command) => {
      if (targets.length === 0 && !flags.failed) {
        command.error('error: name a run folder, a workflow id or a history file, or give --failed');
      }
      process.exitCode = await withSilentRuntime(() => replay(targets, flags));
    });
}

const HELP = `
A run folder gives the histories that were stored in it when a run there did not end in success; without any, and for a
workflow id, they come from the server, those of all partitions included.

Exit codes: 0 all replay with the same decisions; 1 one does not, or nothing was found.

Examples:
  virnucpro replay run
  virnucpro replay virnucpro-0123456789ab
  virnucpro replay history.json
  virnucpro replay --failed --address temporal.example:7233`;

async function replay(targets: readonly string[], flags: ReplayFlags): Promise<number> {
  const tally = { same: 0, parted: 0, unread: 0 };
  const replayAll = async (histories: () => AsyncIterable<WorkflowHistory>) => {
    try {
      for await (const verdict of replayHistories(histories())) {
        if (verdict.divergence === undefined) tally.same++;
        else tally.parted++;
        process.stdout.write(formatVerdict(verdict));
      }
    } catch (error) {
      tally.unread++;
      process.stderr.write(`virnucpro: ${messageOf(error)}\n`);
    }
  };
  for (const target of targets) {
    const resolved = await resolveTarget(target).catch((error: unknown) => [{ kind: 'error', error } as const]);
    for (const one of resolved) await replayAll(() => historiesOf(one, flags));
  }
  if (flags.failed) await replayAll(() => troubledHistories(flags));
  process.stdout.write(formatTally(tally));
  return tally.same > 0 && tally.parted + tally.unread === 0 ? 0 : EXIT_FAILURE;
}

async function* historiesOf(
  target: ReplayTarget | { kind: 'error'; error: unknown },
  flags: ReplayFlags,
): AsyncGenerator<WorkflowHistory> {
  if (target.kind === 'error') throw target.error;
  if (target.kind === 'file') yield await readHistoryFile(target.path);
  else {
    yield* withClient(serverOfRun(target, flags), (client) => fetchRunHistories(client, target.workflowId, 'all'));
  }
}

async function* troubledHistories(flags: ReplayFlags): AsyncGenerator<WorkflowHistory> {
  yield* withClient(flags, async function* (client) {
    for await (const execution of failedExecutions(client)) yield await fetchHistory(client, execution);
  });
}

async function* withClient(
  { address, namespace }: ServerChoice,
  histories: (client: Client) => AsyncIterable<WorkflowHistory>,
): AsyncGenerator<WorkflowHistory> {
  const settings = connectionSettings({
    ...(address === undefined ? {} : { address }),
    ...(namespace === undefined ? {} : { namespace }),
  });
  const client = await connectClient(settings);
  try {
    yield* histories(client);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new Error(`${error.workflowId} is not known at ${settings.address}, namespace ${settings.namespace}`, {
      cause: error,
    });
  } finally {
    await client.connection.close();
  }
}

/** What a replay has to say is in its result; the SDK would repeat it as warnings. */
async function withSilentRuntime<T>(use: () => Promise<T>): Promise<T> {
  const { DefaultLogger, Runtime } = await import('@temporalio/worker');
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => {}),
    telemetryOptions: { logging: { filter: 'off', forward: {} } },
  });
  try {
    return await use();
  } finally {
    // Without this the native core keeps the process alive if nothing was replayed.
    await Runtime.instance().shutdown();
  }
}
