import { setTimeout as sleep } from 'node:timers/promises';
import { ensureLocalServer, isServerAlive, readServerRecord, type LocalServer } from '../../server/index.ts';
import { messageOf } from '../exit.ts';

/** How often the server is looked at; a heartbeat timeout is several times as long. */
const CHECK_INTERVAL_MS = 500;
/** How long it takes to try again after a server that would not start. */
const RETRY_INTERVAL_MS = 10_000;

/**
 * The local server of a run, started again when it dies or when another command of the same run, which had started it,
 * has ended: on the same ports and the same database, so that clients and workers go on as after a dropped connection.
 */
export class ServerKeeper {
  readonly #runId12: string;
  readonly #log: (line: string) => void;
  readonly #stopped = new AbortController();
  readonly #watching: Promise<void>;
  #server: LocalServer;

  static async start(runId12: string, log: (line: string) => void): Promise<ServerKeeper> {
    return new ServerKeeper(runId12, log, await ensureLocalServer({ runId12, log }));
  }

  private constructor(runId12: string, log: (line: string) => void, server: LocalServer) {
    this.#runId12 = runId12;
    this.#log = log;
    this.#server = server;
    this.#watching = this.#watch();
  }

  get server(): LocalServer {
    return this.#server;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#watching;
    await this.#server.stop();
  }

  /** Ends it at once; nothing is lost, its database survives. */
  kill(): void {
    this.#stopped.abort();
    process.kill(this.#server.pid, 'SIGKILL');
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await sleep(CHECK_INTERVAL_MS, undefined, { signal }).catch(() => {});
      if (signal.aborted || this.#isAlive()) continue;
      await this.#startAgain();
    }
  }

  #isAlive(): boolean {
    const record = readServerRecord(this.#runId12);
    return record !== undefined && record.pid === this.#server.pid && isServerAlive(record);
  }

  async #startAgain(): Promise<void> {
    const { ports, address } = this.#server;
    try {
      this.#server = await ensureLocalServer({ runId12: this.#runId12, log: this.#log, ports });
      if (this.#server.address === address) return;
      this.#log(`the Temporal server moved from ${address} to ${this.#server.address}: start the same command again`);
    } catch (error) {
      this.#log(`the Temporal server could not be started again: ${messageOf(error)}`);
      await sleep(RETRY_INTERVAL_MS, undefined, { signal: this.#stopped.signal }).catch(() => {});
    }
  }
}
