import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { deferred } from '../../platform/deferred.ts';
import { embedderError, EmbedderDiedError, StartRefusedError } from '../embedder-error.ts';
import type { Frame } from './frames.ts';
import { encodeFrame, FrameDecoder } from './frames.ts';
import { StallWatch } from './stall-watch.ts';

/** How an embedder process is started. */
export interface ProcessSpec {
  /** Name of the embedder, for messages. */
  name: string;
  command: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv | undefined;
  /** Takes what the process prints to stdout and stderr, line by line. */
  log(line: string): void;
  /** Between SIGTERM and SIGKILL when it is stopped. @default 2000 */
  killGraceMs?: number;
  /** How long it may give no sign of life before it is taken for hanging and killed. @default for ever */
  patience?: Patience;
}

/** Milliseconds without any frame from the process. */
export interface Patience {
  /** Until it is ready. */
  startMs: number;
  /** While a request waits for its answer. */
  answerMs: number;
}

interface Pending {
  resolve(frame: Frame): void;
  reject(error: unknown): void;
}

/** Descriptor on which the process answers. Not stdout, which any library may print to. */
const ANSWERS = 3;
/** Lines of its output that the message about a death repeats. */
const LAST_WORDS = 5;
/** How long a process that is asked to end may take before its group is killed. */
const KILL_GRACE_MS = 2000;
/** How long what a dead process has written may take to arrive: someone else may hold on to its pipes. */
const DRAIN_MS = 1000;
const FAILURE_TYPES: ReadonlySet<string> = new Set(Object.values(FailureType));

/**
 * A running embedder process: frames go in on its stdin, answers come back on descriptor 3. Many requests may be in
 * flight; each has a number that its answer repeats.
 *
 * The process has a process group of its own, which is killed as a whole. When this process dies, however it dies, the
 * other one sees the end of its stdin and has to exit.
 *
 * From the process: `{ready: true, …}` once, then per request `{id}` with the payload, or `{id, error: {type, message}}`.
 * Instead of ready, `{fatal: {type, message}}`: why it cannot be, before it ends. At any time, `{pulse: "reading weights"}`
 * as a sign of life. To the process: `{id, …}` with a payload, and `{drop: id}` when nobody waits any longer.
 */
export class EmbedderProcess {
  /** Resolves with the header of the first frame; rejects if the process dies before. */
  readonly ready: Promise<Record<string, unknown>>;
  readonly #spec: ProcessSpec;
  readonly #killGraceMs: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #pending = new Map<number, Pending>();
  readonly #lastWords: string[] = [];
  readonly #watch: StallWatch;
  /** What it last said that it is doing. */
  #pulse = 'starting';
  #isReady = false;
  #death: VirnucproError | undefined;
  #isGone = false;
  #nextId = 1;

  /** @throws VirnucproError `EmbeddingError.Embedder` if the system refuses to start it */
  constructor(spec: ProcessSpec) {
    this.#spec = spec;
    this.#killGraceMs = spec.killGraceMs ?? KILL_GRACE_MS;
    this.#child = spawnGroup(spec);
    const ready = deferred<Record<string, unknown>>();
    const exited = deferred<void>();
    this.ready = ready.promise;
    this.#exited = exited.promise;
    // Whoever awaits it gets the error; nobody may be waiting at the moment.
    ready.promise.catch(() => undefined);
    this.#watch = new StallWatch((ms) => {
      this.#kill(`gave no sign of life for ${ms / 1000} s (last: ${this.#pulse})`);
    });
    const onDeath = (how: string): void => {
      this.#die(this.#diedOf(how));
      this.#isGone = true;
      ready.reject(this.#death);
      exited.resolve();
    };
    this.#child.once('error', (error) => onDeath(`could not be started: ${error.message}`));
    this.#child.once('exit', (code, signal) => {
      // The leader is gone; what it started has to go too.
      this.#signalGroup('SIGKILL');
      this.#isGone = true;
      // Its last frame says more of its end than its exit code does, and may be on its way still.
      const timer = setTimeout(() => onDeath(describeExit(this.#child.pid, code, signal)), DRAIN_MS);
      this.#child.once('close', () => {
        clearTimeout(timer);
        onDeath(describeExit(this.#child.pid, code, signal));
      });
    });
    // Typed as always there; a process that could not be given its pipes has none.
    if ((this.#child.stdio as unknown) === undefined) {
      onDeath('could not be started: too many open files');
      return;
    }
    if (spec.patience !== undefined) this.#watch.expect(spec.patience.startMs);
    this.#readAnswers((header) => ready.resolve(header), ready.reject);
    for (const output of [this.#child.stdout, this.#child.stderr]) this.#readOutput(output as Readable);
    // A write to a dead process fails with EPIPE; its exit is what is reported.
    this.#input.on('error', () => undefined);
  }

  /** False as soon as the process has died. */
  get alive(): boolean {
    return this.#death === undefined;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Sends a request and waits for its answer.
   *
   * @throws VirnucproError of the type that the process names; `EmbeddingError.Embedder` if it dies; the abort reason
   */
  async request(header: object, payload: Uint8Array, signal: AbortSignal): Promise<Frame> {
    signal.throwIfAborted();
    if (this.#death !== undefined) throw this.#death;
    const id = this.#nextId++;
    const answer = deferred<Frame>();
    this.#pending.set(id, answer);
    const onAbort = (): void => {
      this.#send({ drop: id });
      answer.reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      this.#watchAnswers();
      this.#send({ ...header, id }, payload);
      return await answer.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#pending.delete(id);
      this.#watchAnswers();
    }
  }

  /**
   * Ends the process and everything it has started: SIGTERM to its group, and SIGKILL to those that are left when the
   * process has ended or the grace is over. Resolves when the process is gone.
   */
  async stop(): Promise<void> {
    this.#signalGroup('SIGTERM');
    const timer = setTimeout(() => this.#signalGroup('SIGKILL'), this.#killGraceMs);
    await this.#exited;
    clearTimeout(timer);
  }

  get #input(): Writable {
    return this.#child.stdin as Writable;
  }

  #send(header: object, payload?: Uint8Array): void {
    // One system call a frame.
    this.#input.cork();
    for (const bytes of encodeFrame(header, payload)) this.#input.write(bytes);
    this.#input.uncork();
  }

  #readAnswers(onReady: (header: Record<string, unknown>) => void, onFatal: (error: VirnucproError) => void): void {
    const decoder = new FrameDecoder();
    const answers = this.#child.stdio[ANSWERS] as Readable;
    const take = (frame: Frame): void => {
      const { ready, fatal, pulse } = frame.header;
      if (pulse !== undefined) this.#pulse = typeof pulse === 'string' ? pulse : JSON.stringify(pulse);
      else if (fatal !== undefined) onFatal(this.#refuse(fatal as { type?: unknown; message?: unknown }));
      else if (ready === true) {
        this.#isReady = true;
        this.#watchAnswers();
        onReady(frame.header);
      } else this.#settle(frame);
    };
    answers.on('error', () => undefined);
    answers.on('data', (bytes: Buffer) => {
      if (this.#death !== undefined) return;
      try {
        for (const frame of decoder.push(bytes)) {
          this.#watch.sign();
          take(frame);
        }
      } catch (error) {
        this.#kill(`broke the protocol: ${(error as Error).message}`);
      }
    });
  }

  /** Whoever waits for an answer gets it, or a sign of life, in time. */
  #watchAnswers(): void {
    if (!this.#isReady || this.#spec.patience === undefined) return;
    if (this.#pending.size === 0 || this.#death !== undefined) this.#watch.rest();
    else this.#watch.expect(this.#spec.patience.answerMs);
  }

  #readOutput(output: Readable): void {
    createInterface({ input: output, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
      this.#lastWords.push(line);
      if (this.#lastWords.length > LAST_WORDS) this.#lastWords.shift();
      this.#spec.log(line);
    });
  }

  #settle(frame: Frame): void {
    const pending = this.#pending.get(Number(frame.header['id']));
    // Nobody waits for the answer to a dropped request.
    if (pending === undefined) return;
    const error = frame.header['error'];
    if (error === undefined) pending.resolve(frame);
    else pending.reject(this.#remoteError(error as { type?: unknown; message?: unknown }));
  }

  #remoteError({ type, message }: { type?: unknown; message?: unknown }): VirnucproError {
    const text = `embedder ${this.#spec.name}: ${String(message)}`;
    return isFailureType(type) ? new VirnucproError(type, text) : embedderError(text);
  }

  /** It says why it cannot be ready and ends by itself; what it prints meanwhile is worth reading. */
  #refuse({ type, message }: { type?: unknown; message?: unknown }): VirnucproError {
    const known = isFailureType(type) ? type : FailureType.EmbeddingEmbedder;
    const refusal = new StartRefusedError(known, `embedder ${this.#spec.name}: ${String(message)}`);
    this.#die(refusal);
    return refusal;
  }

  #diedOf(how: string): VirnucproError {
    const said = this.#lastWords.length === 0 ? '' : `; it last said: ${this.#lastWords.join(' / ')}`;
    return new EmbedderDiedError(`embedder ${this.#spec.name}: its process ${how}${said}`);
  }

  #kill(why: string): void {
    this.#die(this.#diedOf(why));
    this.#signalGroup('SIGKILL');
  }

  #die(error: VirnucproError): void {
    if (this.#death !== undefined) return;
    this.#death = error;
    this.#watch.rest();
    for (const { reject } of this.#pending.values()) reject(error);
  }

  /** Once the process is gone its id may be another's. */
  #signalGroup(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined || this.#isGone) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

function spawnGroup({ name, command, args, env }: ProcessSpec): ChildProcess {
  try {
    return spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe', 'pipe'], detached: true, env: env ?? process.env });
  } catch (error) {
    const { message } = error as Error;
    throw embedderError(`embedder ${name}: its process could not be started: ${message}`, { cause: error });
  }
}

function isFailureType(type: unknown): type is FailureType {
  return typeof type === 'string' && FAILURE_TYPES.has(type);
}

function describeExit(pid: number | undefined, code: number | null, signal: string | null): string {
  const how = signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`;
  return `(pid ${pid}) ${how}`;
}
