import * as fs from 'node:fs';
import * as path from 'node:path';
import type { AttemptResult } from '../../contract/activity-events.ts';
import { parseRecord } from './parse-record.ts';
import type { BeginRecord, EndRecord, ModelRecord, ProcessRecord, RowsRecord, SavedRecord } from './records.ts';

/** Processes that a report tells of. */
export const MAX_TIMELINE_FILES = 1000;
/** Bytes of a timeline that are read: 100,000 tasks take about 40 MB. */
export const MAX_TIMELINE_BYTES = 256 << 20;

/** One attempt to embed a task. */
export interface Attempt {
  /** Position in {@link Timeline.processes}. */
  process: number;
  task: string;
  embedder: string;
  slot: number;
  attempt: number;
  /** Milliseconds since 1970. */
  begin: number;
  end: number;
  /** `lost`: its process died, or nobody wrote down how it ended. */
  result: AttemptResult | 'lost';
  /** That it made durable. */
  rows: number;
  /** Seconds that it waited for its embedder. */
  waited: number;
  failure?: string;
  reason?: string;
}

/** What all processes have told. */
export interface Timeline {
  processes: ProcessRecord[];
  /** In the order of their beginnings. */
  attempts: Attempt[];
  rows: RowsRecord[];
  /** What embedders have said of themselves, with the position of their process. */
  models: { process: number; model: ModelRecord }[];
  saved: SavedRecord[];
  /** What was left out and why, for people. */
  notes: string[];
}

/**
 * Reads the files of one timeline folder, in the calling thread. Torn last lines and what is no record are passed over.
 *
 * @throws errno errors; a folder that is not there is an empty timeline
 */
export function readTimeline(
  folder: string,
  { maxFiles = MAX_TIMELINE_FILES, maxBytes = MAX_TIMELINE_BYTES } = {},
): Timeline {
  const timeline: Timeline = { processes: [], attempts: [], rows: [], models: [], saved: [], notes: [] };
  const names = timelineFiles(folder);
  if (names.length > maxFiles)
    timeline.notes.push(`timeline: ${maxFiles} of ${names.length} worker processes were read`);
  let left = maxBytes;
  for (const name of names.slice(0, maxFiles)) {
    const { text, bytes } = readHead(path.join(folder, name), left);
    if (bytes > left)
      timeline.notes.push(`timeline: only the first ${maxBytes.toLocaleString('en-US')} bytes were read`);
    left -= Math.min(bytes, left);
    readFile(timeline, text);
    if (left <= 0) break;
  }
  timeline.attempts.sort((a, b) => a.begin - b.begin);
  closeLost(timeline.attempts);
  return timeline;
}

/** Clocks of hosts differ: what began so long before its run still is part of it. */
const CLOCK_SLACK_MS = 60_000;

/** What belongs to the execution that began then: an earlier one may have had the same plan. */
export function ofExecution(timeline: Timeline, startedAt: number): Timeline {
  const from = startedAt - CLOCK_SLACK_MS;
  const attempts = timeline.attempts.filter(({ begin }) => begin >= from);
  const rows = timeline.rows.filter(({ t }) => t >= from);
  return { ...timeline, attempts, rows };
}

/** Names of the files that processes have written, in order. */
function timelineFiles(folder: string): string[] {
  try {
    return fs
      .readdirSync(folder)
      .filter((name) => name.endsWith('.jsonl'))
      .toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** @returns the whole lines of the first bytes, and how large the file is */
function readHead(file: string, limit: number): { text: string; bytes: number } {
  const descriptor = fs.openSync(file, 'r');
  try {
    const { size } = fs.fstatSync(descriptor);
    const bytes = Buffer.alloc(Math.min(size, limit));
    let done = 0;
    for (let got = 1; done < bytes.length && got > 0; done += got) {
      got = fs.readSync(descriptor, bytes, done, bytes.length - done, done);
    }
    return { text: bytes.toString('utf8', 0, bytes.lastIndexOf(0x0a, done) + 1), bytes: size };
  } finally {
    fs.closeSync(descriptor);
  }
}

function readFile(timeline: Timeline, text: string): void {
  const open = new Map<number, Attempt>();
  let process = -1;
  let lastSeen = 0;
  for (const line of text.split('\n')) {
    const record = line === '' ? undefined : parseRecord(line);
    if (record === undefined) continue;
    if (record.event === 'process') process = timeline.processes.push(record) - 1;
    else lastSeen = Math.max(lastSeen, record.t);
    if (process < 0) continue;
    if (record.event === 'begin') open.set(record.id, begun(timeline, process, record));
    if (record.event === 'end') ended(open, record);
    if (record.event === 'rows') timeline.rows.push(record);
    if (record.event === 'model') timeline.models.push({ process, model: record });
    if (record.event === 'saved') timeline.saved.push(record);
  }
  for (const attempt of open.values()) attempt.end = Math.max(attempt.begin, lastSeen);
}

function begun(timeline: Timeline, process: number, record: BeginRecord): Attempt {
  const { t, task, embedder, slot, attempt } = record;
  const one: Attempt = { process, task, embedder, slot, attempt, begin: t, end: t, result: 'lost', rows: 0, waited: 0 };
  timeline.attempts.push(one);
  return one;
}

function ended(open: Map<number, Attempt>, { id, t, result, rows, waited, failure, reason }: EndRecord): void {
  const attempt = open.get(id);
  if (attempt === undefined) return;
  open.delete(id);
  attempt.end = Math.max(attempt.begin, t);
  attempt.result = result;
  attempt.rows = rows;
  attempt.waited = waited ?? 0;
  if (failure !== undefined) attempt.failure = failure;
  if (reason !== undefined) attempt.reason = reason;
}

/** An attempt that nobody ended lasted until the next one of its task began, or else until its process was last heard of. */
function closeLost(attempts: readonly Attempt[]): void {
  const next = new Map<string, number>();
  for (const attempt of attempts.toReversed()) {
    const following = next.get(attempt.task);
    if (attempt.result === 'lost' && following !== undefined) attempt.end = following;
    next.set(attempt.task, attempt.begin);
  }
}
