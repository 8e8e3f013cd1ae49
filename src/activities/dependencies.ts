import type { ActivityObserver } from '../contract/activity-events.ts';
import type { ResidentEmbedders } from '../embedders/resident.ts';
import type { OpenProbe } from '../run/owner.ts';

/** What activities need of the process that they run in. */
export interface ActivityDependencies {
  /** Started embedders of this process, shared by its tasks. */
  embedders: ResidentEmbedders;
  /** How this worker is connected, as owner.json names it. */
  server: ServerIdentity;
  /** Told what activities do; they must be quick, see {@link ActivityObserver}. */
  observers?: readonly ActivityObserver[];
}

export interface ServerIdentity {
  /** host:port */
  address: string;
  namespace: string;
  /** Of a local server that the command started. */
  pid?: number;
  /** Tells that process from a later one with the same id. */
  startTime?: string;
  /** Asks the server of another claim; absent: nothing is known of other servers. */
  askOther?: OpenProbe;
}
