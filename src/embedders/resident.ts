import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { Embedder, EmbedderDescription, EmbedderFactory, EmbedderOptions } from './types.ts';

/** One user's hold on a resident embedder. */
export interface EmbedderLease {
  readonly embedder: Embedder;
  /**
   * Ends the hold; safe to call more than once. Resolves at once, unless this was the last hold and its run has been
   * cancelled: then the embedder is stopped first.
   */
  release(): Promise<void>;
}

interface Resident {
  readonly factoryName: string;
  readonly embedder: Embedder;
  users: number;
  /** Runs whose tasks were cancelled while they used it. */
  readonly cancelled: Set<string>;
}

/**
 * The embedders of one worker process: one per name and options, started once and shared by the tasks in flight. When
 * a task asks for other options, idle ones of the same name are stopped, so that a device never holds two models.
 *
 * Cancelling a run stops the embedder that its tasks used, since a process that computes cannot be called back. While
 * tasks of another run use it, it is left to them: their work counts more, and only the requests are dropped.
 */
export class ResidentEmbedders {
  readonly #log: ((line: string, embedder: string) => void) | undefined;
  readonly #residents = new Map<string, Resident>();
  /** Embedders on their way out. */
  readonly #stopping = new Map<Resident, Promise<void>>();

  /** @param log takes what embedder processes print */
  constructor(log?: (line: string, embedder: string) => void) {
    this.#log = log;
  }

  /**
   * Gives the embedder of these options, started; one whose process has died is started again.
   *
   * @param run that the user works for
   * @param signal of the user; whether it fired with the reason `CANCELLED` is looked at when the hold ends
   * @throws what the embedder's start throws, and the abort reason
   */
  async acquire(
    factory: EmbedderFactory,
    options: EmbedderOptions,
    description: EmbedderDescription,
    run: string,
    signal: AbortSignal,
  ): Promise<EmbedderLease> {
    const key = residentKey(factory.name, options, description);
    const resident = this.#residents.get(key) ?? this.#add(key, factory, options, description);
    resident.users += 1;
    // A run that was cancelled and comes again is wanted again.
    resident.cancelled.delete(run);
    let held = true;
    const release = async (): Promise<void> => {
      if (!held) return;
      held = false;
      resident.users -= 1;
      if (isCancelled(signal)) resident.cancelled.add(run);
      if (resident.users === 0 && resident.cancelled.has(run)) await this.#stop(key, resident);
    };
    try {
      await this.#stopIdleOthers(factory.name, key);
      await startEmbedder(resident.embedder, signal);
    } catch (error) {
      await release();
      throw error;
    }
    return { embedder: resident.embedder, release };
  }

  /** Stops every embedder, used or not; their requests in flight are rejected. */
  async stopAll(): Promise<void> {
    for (const [key, resident] of this.#residents) void this.#stop(key, resident);
    await Promise.all(this.#stopping.values());
  }

  #add(key: string, factory: EmbedderFactory, options: EmbedderOptions, description: EmbedderDescription): Resident {
    const { name } = factory;
    const log = this.#log === undefined ? undefined : (line: string) => this.#log?.(line, name);
    const embedder = factory.create(options, description, log);
    const resident = { factoryName: factory.name, embedder, users: 0, cancelled: new Set<string>() };
    this.#residents.set(key, resident);
    return resident;
  }

  async #stopIdleOthers(factoryName: string, key: string): Promise<void> {
    for (const [otherKey, other] of this.#residents) {
      if (otherKey !== key && other.factoryName === factoryName && other.users === 0) void this.#stop(otherKey, other);
    }
    const leaving = [...this.#stopping].filter(([resident]) => resident.factoryName === factoryName);
    await Promise.all(leaving.map(([, stopped]) => stopped));
  }

  #stop(key: string, resident: Resident): Promise<void> {
    if (this.#residents.get(key) === resident) this.#residents.delete(key);
    const stopped = resident.embedder.stop().finally(() => this.#stopping.delete(resident));
    this.#stopping.set(resident, stopped);
    return stopped;
  }
}

/** A process may find its device in the state that another one has left it in: it is lost if a second one does not get it. */
async function startEmbedder(embedder: Embedder, signal: AbortSignal): Promise<void> {
  try {
    await embedder.start(signal);
  } catch (error) {
    if (!(error instanceof VirnucproError) || error.type !== FailureType.EmbeddingDeviceLost) throw error;
    await embedder.start(signal);
  }
}

/** As Temporal names it: a worker that shuts down, or an attempt that is not the current one, is no cancellation. */
function isCancelled({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof Error && reason.message === 'CANCELLED';
}

function residentKey(name: string, options: EmbedderOptions, description: EmbedderDescription): string {
  const sorted = Object.entries(options).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([name, sorted, description.fingerprint]);
}
