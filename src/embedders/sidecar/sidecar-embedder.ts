import type { VirnucproError } from '../../contract/virnucpro-error.ts';
import { findSidecarPython, sidecarSources } from '../../platform/sidecar-python.ts';
import { embedderError, StartRefusedError } from '../embedder-error.ts';
import { EmbedderProcess, type ProcessSpec } from '../process/child-process.ts';
import { encodeRequest } from '../process/encode-request.ts';
import { waitOrAbort } from '../process/wait-or-abort.ts';
import { FailureType } from '../../contract/failure-types.ts';
import type { Embedder, EmbedderDescription, EmbedItem, EmbedTask, Fingerprint } from '../types.ts';
import { readAnswer } from './answer.ts';
import { readCost } from './cost.ts';
import { readHandshake, type Handshake } from './handshake.ts';
import { InFlight } from './in-flight.ts';
import type { SidecarOptions, SidecarSettings } from './sidecar-settings.ts';

/** One that is computed, and one that the process prepares meanwhile. */
const REQUESTS_IN_FLIGHT = 2;
/** Reading weights from a slow share has longer pauses than computing. */
const START_PATIENCE = 2.5;
/** For how long a start that a person has to do something about is not tried again. */
const REFUSAL_HOLDS_MS = 30_000;

/** What starts the process: its command, or why there is none. */
export type SidecarCommand = (settings: SidecarSettings) => Pick<ProcessSpec, 'command' | 'args' | 'env'>;

/**
 * A model in a resident Python process, which answers with rows and says of each record without one what is wrong with it.
 * What the process has loaded is compared with the description before the first batch, and at each start anew.
 */
export class SidecarEmbedder implements Embedder {
  readonly description: EmbedderDescription;
  readonly #options: SidecarOptions;
  readonly #command: SidecarCommand;
  readonly #log: (line: string) => void;
  readonly #inFlight = new InFlight(REQUESTS_IN_FLIGHT);
  #process: EmbedderProcess | undefined;
  #starting: Promise<void> | undefined;
  #loaded: Fingerprint | undefined;
  #environment: Handshake['environment'] | undefined;
  /** Where it has computed so far. */
  #device: string | undefined;
  #refusal: { error: VirnucproError; until: number } | undefined;

  constructor(
    description: EmbedderDescription,
    options: SidecarOptions,
    log: (line: string) => void,
    command: SidecarCommand = pythonCommand,
  ) {
    this.description = description;
    this.#options = options;
    this.#log = log;
    this.#command = command;
  }

  get alive(): boolean {
    return this.#loaded !== undefined && this.#process?.alive === true;
  }

  get loaded(): Fingerprint | undefined {
    return this.alive ? this.#loaded : undefined;
  }

  get environment(): Handshake['environment'] | undefined {
    return this.#environment;
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.alive) return;
    this.#starting ??= this.#launch().finally(() => {
      this.#starting = undefined;
    });
    await waitOrAbort(this.#starting, signal);
  }

  async embed(task: EmbedTask, items: readonly EmbedItem[], signal: AbortSignal): Promise<Float32Array> {
    const process = this.#process;
    if (process === undefined) throw embedderError(`embedder ${this.description.name} has not been started`);
    const request = encodeRequest(this.description.name, task, items);
    const answer = await this.#inFlight.pass(() => process.request(request.header, request.payload, signal), signal);
    const cost = readCost(answer.header);
    if (cost !== undefined) task.onCost?.(cost);
    return readAnswer(this.description, items, answer);
  }

  async stop(): Promise<void> {
    const stopped = this.#process;
    await stopped?.stop();
    if (this.#process === stopped) this.#process = undefined;
  }

  /** Nobody waits for a device that a process holds on to: the earlier one has to be gone first. */
  async #launch(): Promise<void> {
    if (this.#refusal !== undefined && Date.now() < this.#refusal.until) throw this.#refusal.error;
    this.#loaded = undefined;
    await this.#process?.stop();
    try {
      const launched = new EmbedderProcess(this.#spec());
      this.#process = launched;
      await this.#shakeHands(launched);
      this.#refusal = undefined;
    } catch (error) {
      await this.#process?.stop();
      if (error instanceof StartRefusedError && error.type === FailureType.EmbeddingEmbedder) {
        this.#refusal = { error, until: Date.now() + REFUSAL_HOLDS_MS };
      }
      throw error;
    }
  }

  async #shakeHands(launched: EmbedderProcess): Promise<void> {
    const handshake = readHandshake(this.description, await launched.ready);
    this.#loaded = handshake.fingerprint;
    this.#environment = handshake.environment;
    this.#device = handshake.device;
    this.#log(`embedder ${this.description.name}: ${handshake.summary}`);
  }

  #spec(): ProcessSpec {
    const { settings, stallSeconds } = this.#options;
    // Where its GPU is lost, a CPU would compute other numbers, and for days.
    const device = settings.device === 'auto' && this.#device === 'cuda' ? 'cuda' : settings.device;
    const answerMs = stallSeconds * 1000;
    return {
      name: this.description.name,
      ...this.#command({ ...settings, device }),
      log: this.#log,
      patience: { startMs: START_PATIENCE * answerMs, answerMs },
    };
  }
}

/** @throws StartRefusedError if there is no Python */
function pythonCommand(settings: SidecarSettings): ReturnType<SidecarCommand> {
  const python = findSidecarPython();
  if ('problem' in python) {
    throw new StartRefusedError(FailureType.EmbeddingEmbedder, `embedder ${settings.embedder}: ${python.problem}`);
  }
  const path = [sidecarSources(), process.env['PYTHONPATH']].filter(Boolean).join(':');
  return {
    command: python.command,
    args: ['-m', 'virnucpro_sidecar', JSON.stringify(settings)],
    // A file of the same name in the working folder must not come first (Python 3.11 and later).
    env: { ...process.env, PYTHONPATH: path, PYTHONSAFEPATH: '1' },
  };
}
