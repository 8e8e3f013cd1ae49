import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import {
  connectClient,
  connectionSettings,
  failedExecutions,
  fetchHistory,
  fetchRunHistories,
  readHistoryFile,
  replayHistories,
  type WorkflowHistory,
} from '../../client/index.ts';
import { EXIT_FAILURE, messageOf } from '../exit.ts';
import { formatTally, formatVerdict } from './format-verdict.ts';
import { serverOfRun, type ServerChoice } from './server-of-run.ts';
import { resolveTarget, type ReplayTarget } from './targets.ts';

export interface ReplayFlags extends ServerChoice {
  failed?: boolean;
}

/** Runs `virnucpro replay` from arguments to exit code. */
export function runReplay(targets: readonly string[], flags: ReplayFlags): Promise<number> {
  return withSilentRuntime(() => replay(targets, flags));
}

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
