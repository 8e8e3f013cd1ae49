export type RunPhase = 'checking' | 'planning' | 'embedding' | 'finishing' | 'done';

/** Answer of the query `progress`. */
export interface RunProgress {
  schema: 1;
  phase: RunPhase;
  paused: boolean;
  total: number;
  found: number;
  embedded: number;
  failed: number;
  skipped: number;
  openPartitions: number;
  /** Once planned: `Found 15/20 checkpoints, resuming 5 files`. */
  message?: string;
}

/** What an embedFile heartbeat carries; at most 1 KiB. */
export interface EmbedHeartbeat {
  /** Path of the checkpoint that is being made, relative to DIR. */
  checkpoint: string;
  /** Rows that a kill cannot lose any more. */
  durableRows: number;
  rows: number;
}
