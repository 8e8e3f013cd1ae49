import type { Embedder } from '../embedders/types.ts';
import { SharedGate } from '../platform/shared-gate.ts';

/** What the tasks of this process share about one resident embedder, for as long as it is resident. */
export interface EmbedderAccess {
  /** Whoever must know that a death or a full memory is his own doing goes in alone. */
  readonly gate: SharedGate;
  /** Largest batch that memory has not been too small for. Only ever falls. */
  batchLimit: number;
}

const accesses = new WeakMap<Embedder, EmbedderAccess>();

export function accessTo(embedder: Embedder): EmbedderAccess {
  let access = accesses.get(embedder);
  if (access === undefined) {
    access = { gate: new SharedGate(), batchLimit: Number.POSITIVE_INFINITY };
    accesses.set(embedder, access);
  }
  return access;
}
