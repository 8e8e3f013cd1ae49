import { historyFileName, replayHistories, type WorkflowHistory } from '../../client/index.ts';
import type { DataConverter } from '@temporalio/common';
import { converterOf, type DataConverterFlag } from '../data-converter.ts';
import { EXIT_FAILURE, messageOf } from '../exit.ts';
import { formatTally, formatVerdict } from './format-verdict.ts';
import { historiesOf, troubledHistories } from './replay-source.ts';
import type { ServerChoice } from '../server-settings.ts';
import { serverOfFolder, serverOfRun } from './server-of-run.ts';
import { resolveTarget } from './targets.ts';

export interface ReplayFlags extends ServerChoice, DataConverterFlag {
  failed?: boolean;
}

/** Runs `virnucpro replay` from arguments to exit code. */
export function runReplay(targets: readonly string[], flags: ReplayFlags): Promise<number> {
  return withSilentRuntime(async () => new ReplaySession(flags, await converterOf(flags)).run(targets));
}

class ReplaySession {
  readonly #flags: ReplayFlags;
  readonly #converter: { dataConverter?: DataConverter };
  readonly #tally = { same: 0, parted: 0, unread: 0 };
  /** Executions that were replayed: a folder, a server and a file may know the same one. */
  readonly #seen = new Set<string>();
  /** The one that is configured, or the local one of a run that was named, while it is running. */
  #server: ServerChoice | undefined;

  constructor(flags: ReplayFlags, converter: { dataConverter?: DataConverter }) {
    this.#flags = flags;
    this.#converter = converter;
  }

  async run(targets: readonly string[]): Promise<number> {
    for (const target of targets) await this.#replay(() => this.#historiesOf(target));
    if (this.#flags.failed) await this.#replayFailed(targets.length > 0);
    const { same, parted, unread } = this.#tally;
    process.stdout.write(formatTally(this.#tally));
    return same > 0 && parted + unread === 0 ? 0 : EXIT_FAILURE;
  }

  async *#historiesOf(argument: string): AsyncGenerator<WorkflowHistory> {
    const target = await resolveTarget(argument);
    const histories = historiesOf(target, this.#flags, say);
    // A file that was named is replayed whatever it says that it is.
    if (target.kind === 'file') yield* histories;
    else {
      this.#server ??=
        target.kind === 'folder'
          ? await serverOfFolder(target.directory, this.#flags)
          : serverOfRun(target.workflowId, this.#flags);
      yield* this.#unseen(histories);
    }
  }

  async #replayFailed(named: boolean): Promise<void> {
    const server = this.#server ?? serverOfRun('', this.#flags);
    if (server === undefined && named) say('no server is known to ask for what failed: see --address');
    else await this.#replay(() => this.#unseen(troubledHistories(server ?? this.#flags)));
  }

  async #replay(histories: () => AsyncIterable<WorkflowHistory>): Promise<void> {
    try {
      for await (const verdict of replayHistories(histories(), this.#converter)) {
        if (verdict.divergence === undefined) this.#tally.same++;
        else this.#tally.parted++;
        process.stdout.write(formatVerdict(verdict));
      }
    } catch (error) {
      this.#tally.unread++;
      say(messageOf(error));
    }
  }

  async *#unseen(histories: AsyncIterable<WorkflowHistory>): AsyncGenerator<WorkflowHistory> {
    for await (const history of histories) {
      const key = historyFileName(history);
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      yield history;
    }
  }
}

function say(line: string): void {
  process.stderr.write(`virnucpro: ${line}\n`);
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
