import { setTimeout as sleep } from 'node:timers/promises';
import {
  ensureLocalServer,
  isServerAlive,
  killServer,
  readServerRecord,
  type LocalServer,
  type ServerRecord,
} from '../../server/index.ts';
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
  readonly #ensure: typeof ensureLocalServer;
  readonly #stopped = new AbortController();
  #watching: Promise<void> | undefined;
  #server: LocalServer | undefined;
  /** Of a server that is there, or on its way. */
  #record: ServerRecord | undefined;

  constructor(runId12: string, log: (line: string) => void, ensure = ensureLocalServer) {
    this.#runId12 = runId12;
    this.#log = log;
    this.#ensure = ensure;
  }

  /** Starts the server, or takes over the one that is there, and keeps it running from then on. */
  async start(): Promise<LocalServer> {
    const server = await this.#getServer();
    this.#watching = this.#watch(server);
    return server;
  }

  /** Not while `start` is under way. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#watching;
    await this.#server?.stop();
  }

  /** Ends it at once, even before `start` is done with it; nothing is lost, its database survives. */
  kill(): void {
    this.#stopped.abort();
    if (this.#record !== undefined) killServer(this.#record);
  }

  async #getServer(ports?: LocalServer['ports']): Promise<LocalServer> {
    const onSpawn = (record: ServerRecord) => {
      this.#record = record;
    };
    const options = { runId12: this.#runId12, log: this.#log, onSpawn };
    const server = await this.#ensure(ports === undefined ? options : { ...options, ports });
    this.#record = server.record;
    this.#server = server;
    return server;
  }

  async #watch(first: LocalServer): Promise<void> {
    const { signal } = this.#stopped;
    let server = first;
    while (!signal.aborted) {
      await sleep(CHECK_INTERVAL_MS, undefined, { signal }).catch(() => {});
      if (signal.aborted || this.#isAlive(server)) continue;
      server = await this.#startAgain(server);
    }
  }

  #isAlive({ pid }: LocalServer): boolean {
    const record = readServerRecord(this.#runId12);
    return record !== undefined && record.pid === pid && isServerAlive(record);
  }

  /** @returns the server as it is now: the old one if it would not start */
  async #startAgain(server: LocalServer): Promise<LocalServer> {
    const { ports, address } = server;
    try {
      const next = await this.#getServer(ports);
      if (next.address !== address)
        this.#log(`the Temporal server moved from ${address} to ${next.address}: start the same command again`);
      return next;
    } catch (error) {
      this.#log(`the Temporal server could not be started again: ${messageOf(error)}`);
      await sleep(RETRY_INTERVAL_MS, undefined, { signal: this.#stopped.signal }).catch(() => {});
      return server;
    }
  }
}
