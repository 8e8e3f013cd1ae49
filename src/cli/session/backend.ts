import type { ConnectionSettings } from '../../client/index.ts';

/** The server and workers that a command uses; what it started itself it also stops. */
export interface Backend {
  readonly settings: ConnectionSettings;
  /** Temporal's web interface, where the command knows it. */
  readonly uiUrl?: string;
  /** This command runs workers. */
  readonly hostsWorkers: boolean;
  /** The server ends with this command. */
  readonly ownsServer: boolean;
  /** Rejects when its workers cannot go on although the run could; absent: somebody else's may. */
  readonly stuck?: Promise<never>;
  /** Lets tasks flush their rows, then ends workers and server. */
  stop(): Promise<void>;
  /** Ends everything at once. */
  kill(): void;
}
