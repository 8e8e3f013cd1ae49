import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { EmbedderDescription, Fingerprint } from '../embedders/types.ts';

/** What differs between run.json and a request, one line for each. */
export class Differences {
  readonly #found: string[] = [];

  get found(): readonly string[] {
    return this.#found;
  }

  /** @param before undefined: run.json says nothing about it */
  compare(what: string, before: unknown, now: unknown): void {
    if (before !== undefined && before !== now) this.#add(what, before, now);
  }

  /** @param before undefined: run.json does not know the embedder */
  compareEmbedder(what: string, before: Fingerprint | undefined, now: EmbedderDescription): void {
    if (before === undefined) return;
    const { fingerprint, loadedKeys = [] } = now;
    for (const key of new Set([...Object.keys(before), ...Object.keys(fingerprint)])) {
      if (before[key] === fingerprint[key]) continue;
      // Whoever loads the model compares what neither request nor folder says.
      if (loadedKeys.includes(key) && (before[key] === undefined || fingerprint[key] === undefined)) continue;
      this.#add(`${what}, ${key}`, before[key], fingerprint[key]);
    }
  }

  /** @throws VirnucproError `CheckpointError.Incompatible` naming each difference */
  requireNone(directory: string): void {
    if (this.#found.length === 0) return;
    const listed = this.#found.slice(0, MAX_LISTED_DIFFERENCES).map((line) => `\n  ${line}`);
    const more = this.#found.length > listed.length ? `\n  … and ${this.#found.length - listed.length} more` : '';
    throw new VirnucproError(
      FailureType.CheckpointIncompatible,
      `incompatible: ${directory} was made with other settings; choose another folder or go back to them:${listed.join('')}${more}`,
    );
  }

  #add(what: string, before: unknown, now: unknown): void {
    this.#found.push(`${what}: ${shown(before)} in run.json, ${shown(now)} now`);
  }
}

/** Differences are listed for people; beyond this many the rest is counted. */
const MAX_LISTED_DIFFERENCES = 20;

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
