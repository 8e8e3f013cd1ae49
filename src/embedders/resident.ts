import type { Embedder, EmbedderDescription, EmbedderFactory, EmbedderOptions } from './types.ts';

/** One user's hold on a resident embedder. */
export interface EmbedderLease {
  readonly embedder: Embedder;
  /** Ends the hold; safe to call more than once. */
  release(): void;
}

interface Resident {
  readonly factoryName: string;
  readonly embedder: Embedder;
  users: number;
}

/**
 * The embedders of one worker process: one per name and options, started once and shared by the tasks in flight. When
 * a task asks for other options, idle ones of the same name are stopped, so that a device never holds two models.
 */
export class ResidentEmbedders {
  readonly #log: ((line: string) => void) | undefined;
  readonly #residents = new Map<string, Resident>();

  /** @param log takes what embedder processes print */
  constructor(log?: (line: string) => void) {
    this.#log = log;
  }

  /**
   * Gives the embedder of these options, started; one whose process has died is started again.
   *
   * @throws what the embedder's start throws, and the abort reason
   */
  async acquire(
    factory: EmbedderFactory,
    options: EmbedderOptions,
    description: EmbedderDescription,
    signal: AbortSignal,
  ): Promise<EmbedderLease> {
    const key = residentKey(factory.name, options, description);
    const resident = this.#residents.get(key) ?? this.#add(key, factory, options, description);
    resident.users += 1;
    try {
      await this.#stopIdleOthers(factory.name, key);
      await resident.embedder.start(signal);
    } catch (error) {
      resident.users -= 1;
      throw error;
    }
    let held = true;
    const release = (): void => {
      if (held) resident.users -= 1;
      held = false;
    };
    return { embedder: resident.embedder, release };
  }

  /** Stops every embedder, used or not; their requests in flight are rejected. */
  async stopAll(): Promise<void> {
    const residents = [...this.#residents.values()];
    this.#residents.clear();
    await Promise.all(residents.map(({ embedder }) => embedder.stop()));
  }

  #add(key: string, factory: EmbedderFactory, options: EmbedderOptions, description: EmbedderDescription): Resident {
    const embedder = factory.create(options, description, this.#log);
    const resident = { factoryName: factory.name, embedder, users: 0 };
    this.#residents.set(key, resident);
    return resident;
  }

  async #stopIdleOthers(factoryName: string, key: string): Promise<void> {
    for (const [otherKey, other] of this.#residents) {
      if (otherKey === key || other.factoryName !== factoryName || other.users > 0) continue;
      this.#residents.delete(otherKey);
      await other.embedder.stop();
    }
  }
}

function residentKey(name: string, options: EmbedderOptions, description: EmbedderDescription): string {
  const sorted = Object.entries(options).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([name, sorted, description.fingerprint]);
}
