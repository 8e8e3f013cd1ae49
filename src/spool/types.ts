/** A segment or skip log as an embedFile result names it: opened by exact name, never looked for in a listing. */
export interface SegmentReference {
  /** File name in the task's spool folder. */
  name: string;
  /** Bytes that count: the longest valid prefix. */
  bytes: number;
  /** CRC-32 of those bytes, 8 lower-case hex digits. */
  crc32: string;
}

/** A record that the rows do without. */
export interface SkippedRecord {
  /** Position among the rows that the task needs, from 0. */
  ordinal: number;
  id: string;
  /** Why it cannot be embedded. */
  reason: string;
}

/** What a spool holds rows of. Rows of another shape or task are not taken up. */
export interface SpoolShape {
  /** Lower-case hex digest of everything that identifies the task: input content, part, embedder, options. */
  taskDigest: string;
  /** Rows that the task needs. */
  rows: number;
  /** float32 values per row. */
  dim: number;
}

/** Who holds an epoch; for people who look into the folder. */
export interface EpochClaim {
  host: string;
  pid: number;
  workflowId: string;
  activityId: string;
  attempt: number;
}
