import * as os from 'node:os';
import * as path from 'node:path';
import type {
  ActivityEvent,
  ActivityObserver,
  AttemptEnded,
  CheckpointSaved,
  EmbedderReady,
  ObservedAttempt,
  ObservedTask,
  RowsDurable,
} from '../../contract/activity-events.ts';
import type { RunReference } from '../../contract/run-request.ts';
import { packageVersion } from '../../platform/package-facts.ts';
import { timelineOfPlan } from './place.ts';
import { TIMELINE_VERSION, type ProcessRecord } from './records.ts';
import { RowCounter } from './row-counter.ts';
import { Slots } from './slots.ts';
import { TimelineWriter } from './writer.ts';

/** Reasons are read in a picture; all of it is in report.json. */
const MAX_REASON = 300;
/** A worker serves a few runs at a time; of those it has done nothing for, the oldest are forgotten. */
const MAX_RUNS = 16;

/** An activity of a task that a timeline tells of. */
interface TaskAttempt {
  run: RunReference;
  task: ObservedTask;
}

/** What this process does for one plan of one run folder. */
interface Telling {
  writer: TimelineWriter;
  rows: RowCounter;
  /** Attempts that have begun and not ended. */
  open: number;
  /** Embedders whose environment has been told. */
  models: Set<string>;
}

/** An attempt that has begun and not ended. */
interface OpenAttempt {
  id: number;
  slot: number;
  rows: number;
  waited: number;
}

let lastStart = 0;

/** Of two observers of one process no two have the same. */
function distinctStart(): number {
  lastStart = Math.max(Date.now(), lastStart + 1);
  return lastStart;
}

/** Writes down what this process does: the timeline of the report. Files as in records.ts, one for each run folder and plan. */
export class TimelineObserver implements ActivityObserver {
  readonly #startedAt = distinctStart();
  readonly #log: (message: string) => void;
  readonly #tellings = new Map<string, Telling>();
  readonly #open = new WeakMap<ObservedAttempt, OpenAttempt>();
  readonly #slots = new Slots();
  #begun = 0;

  /** @param log told once for each run whose timeline cannot be written */
  constructor(log: (message: string) => void) {
    this.#log = log;
  }

  observe(event: ActivityEvent): void {
    const { run, task } = event.attempt;
    if (run === undefined || task === undefined) return;
    const about = { run, task };
    const { type, attempt, at } = event;
    if (type === 'task-opened') this.#begin(at, attempt, about);
    if (type === 'embedder-ready') this.#ready(event, about);
    if (type === 'rows-durable') this.#count(event, about);
    if (type === 'checkpoint-saved') this.#save(event, about);
    if (type === 'attempt-ended' && attempt.activity === 'embedFile') this.#end(event, about);
  }

  /** Resolves when what was observed by now is on disk, or cannot be. */
  async flush(): Promise<void> {
    for (const { writer, rows } of this.#tellings.values()) {
      rows.finish();
      await writer.flush();
    }
  }

  #begin(at: number, attempt: ObservedAttempt, about: TaskAttempt): OpenAttempt {
    const known = this.#open.get(attempt);
    if (known !== undefined) return known;
    const { checkpoint, embedder } = about.task;
    const open = { id: this.#begun++, slot: this.#slots.take(embedder), rows: 0, waited: 0 };
    this.#open.set(attempt, open);
    const telling = this.#telling(about);
    telling.open++;
    telling.writer.write({
      ...{ event: 'begin', t: at, id: open.id, task: checkpoint, embedder },
      ...{ slot: open.slot, attempt: attempt.attempt },
    });
    return open;
  }

  #ready({ at, attempt, seconds, environment }: EmbedderReady, about: TaskAttempt): void {
    this.#begin(at, attempt, about).waited += seconds;
    const { embedder } = about.task;
    const telling = this.#telling(about);
    if (environment === undefined || telling.models.has(embedder)) return;
    telling.models.add(embedder);
    telling.writer.write({ event: 'model', t: at, embedder, environment });
  }

  #count(event: RowsDurable, about: TaskAttempt): void {
    this.#begin(event.at, event.attempt, about).rows += event.rows;
    this.#telling(about).rows.add(event.at, about.task.embedder, event.rows);
  }

  #save({ at, outcome, bytes, sha256, seconds }: CheckpointSaved, about: TaskAttempt): void {
    const saved = { outcome, bytes, sha256, seconds: rounded(seconds) };
    this.#telling(about).writer.write({ event: 'saved', t: at, task: about.task.checkpoint, ...saved });
  }

  #end(event: AttemptEnded, about: TaskAttempt): void {
    // The attempt may have ended before it opened its spool: it then is a line of no length.
    const open = this.#begin(event.at - event.seconds * 1000, event.attempt, about);
    this.#open.delete(event.attempt);
    this.#slots.free(about.task.embedder, open.slot);
    const { result, failureType, message } = event;
    const telling = this.#telling(about);
    if (--telling.open <= 0) telling.rows.finish();
    telling.writer.write({
      ...{ event: 'end', t: event.at, id: open.id, result, rows: open.rows },
      ...(open.waited < 0.01 ? {} : { waited: rounded(open.waited) }),
      ...(failureType === undefined ? {} : { failure: failureType }),
      ...(message === undefined ? {} : { reason: message.slice(0, MAX_REASON) }),
    });
  }

  #telling({ run, task }: TaskAttempt): Telling {
    const folder = timelineOfPlan(run.directory, task.plan);
    let telling = this.#tellings.get(folder);
    if (telling === undefined) {
      telling = this.#tell(folder);
      this.#tellings.set(folder, telling);
      const oldest = this.#tellings.keys().next().value;
      if (this.#tellings.size > MAX_RUNS && oldest !== undefined) this.#tellings.delete(oldest);
    }
    return telling;
  }

  #tell(folder: string): Telling {
    const self = describeProcess(Date.now());
    const name = `${fileNameOf(self.host)}-${self.pid}-${this.#startedAt}.jsonl`;
    const writer = new TimelineWriter(path.join(folder, name), (error) => {
      this.#log(`the timeline of the report is not written any more: ${(error as Error).message}`);
    });
    writer.write(self);
    return { writer, rows: new RowCounter((record) => writer.write(record)), open: 0, models: new Set() };
  }
}

function describeProcess(t: number): ProcessRecord {
  const platform = `${os.type()} ${os.release()} ${os.arch()}`;
  return {
    ...{ event: 'process', version: TIMELINE_VERSION, t, host: os.hostname(), pid: process.pid },
    ...{ package: packageVersion(), node: process.version, platform },
  };
}

function fileNameOf(host: string): string {
  return host.replaceAll(/[^\w.-]/gu, '_').slice(0, 64);
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
