import type { ConnectionSettings } from '../../client/index.ts';

/** The server and workers that a command uses; what it started itself it also stops. */
export interface Backend {
  /** This command runs workers. */
  readonly hostsWorkers: boolean;
  /** The server ends with this command. */
  readonly ownsServer: boolean;
  /**
   * Gets the server and starts the workers.
   *
   * @param leaving when it has fired, no more is started than what is under way
   * @throws the reason of the signal, or why there is no server or no worker; `stop` is to be called in any case
   */
  start(leaving: AbortSignal): Promise<StartedBackend>;
  /** Lets tasks flush their rows, then ends workers and server, as far as `start` has come. Not while it is under way. */
  stop(): Promise<void>;
  /** Ends everything at once, even while `start` is under way. */
  kill(): void;
}

/** A server that answers. */
export interface StartedBackend {
  readonly settings: ConnectionSettings;
  /** Temporal's web interface, where the command knows it. */
  readonly uiUrl?: string;
  /** Rejects when its workers cannot go on although the run could; absent: somebody else's may. */
  readonly stuck?: Promise<never>;
}
