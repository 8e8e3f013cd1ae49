import { createHash } from 'node:crypto';
import { incompatible } from '../checkpoint/errors.ts';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { readRecords, type FastaRecord } from '../sequences/index.ts';
import { DraftFile } from './publish-file.ts';
import { REMEDY } from './remedy.ts';
import type { StageOutputs } from './settle-stage.ts';

/** One FASTA file that a stage leaves. Whoever has opened one calls `finish` or `discard`. */
export interface FastaOutput {
  /** @returns what to wait for before the next call, where there is something */
  add(id: string, sequence: string): Promise<void> | undefined;
  /** Accounts for the file among the outputs of the stage. */
  finish(): Promise<void>;
  /** Leaves nothing behind. Never throws. */
  discard(): Promise<void>;
}

/**
 * Opens an output for the records that belong into it, in order: they are written where there is no file, and compared
 * with the records of the file where there is one.
 *
 * @param name relative to DIR, with `/`
 * @param lineLength letters after which a sequence goes on in the next line; default: never
 * @throws errno errors; CheckpointError `incompatible`, from any method, at the first record that differs
 */
export async function openFastaOutput(
  outputs: StageOutputs,
  name: string,
  lineLength = Number.POSITIVE_INFINITY,
): Promise<FastaOutput> {
  const state = await outputs.state(name);
  if (state === 'recorded') return ALREADY_THERE;
  if (state === 'unrecorded') return new ComparedFasta(outputs, name);
  return new WrittenFasta(
    outputs,
    name,
    lineLength,
    await DraftFile.create(outputs.absolute(name), outputs.publishing),
  );
}

/**
 * Finishes outputs side by side: each waits for the disk most of the time.
 *
 * @throws what the first of them throws, once none of them is under way
 */
export async function finishAll(outputs: readonly FastaOutput[]): Promise<void> {
  const results = await Promise.allSettled(outputs.map((output) => output.finish()));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

const ALREADY_THERE: FastaOutput = {
  add: () => undefined,
  finish: () => Promise.resolve(),
  discard: () => Promise.resolve(),
};

class WrittenFasta implements FastaOutput {
  readonly #outputs: StageOutputs;
  readonly #name: string;
  readonly #lineLength: number;
  readonly #draft: DraftFile;

  constructor(outputs: StageOutputs, name: string, lineLength: number, draft: DraftFile) {
    this.#outputs = outputs;
    this.#name = name;
    this.#lineLength = lineLength;
    this.#draft = draft;
  }

  add(id: string, sequence: string): Promise<void> | undefined {
    return this.#draft.add(fastaText(id, sequence, this.#lineLength));
  }

  async finish(): Promise<void> {
    this.#outputs.published(this.#name, await this.#draft.publish());
  }

  discard(): Promise<void> {
    return this.#draft.discard();
  }
}

function fastaText(id: string, sequence: string, lineLength: number): string {
  if (sequence.length <= lineLength) return `>${id}\n${sequence}\n`;
  let text = `>${id}\n`;
  for (let at = 0; at < sequence.length; at += lineLength) text += `${sequence.slice(at, at + lineLength)}\n`;
  return text;
}

/** Compares letters without case: what follows from them does not depend on it. */
class ComparedFasta implements FastaOutput {
  readonly #outputs: StageOutputs;
  readonly #name: string;
  readonly #path: string;
  readonly #hash = createHash('sha256');
  readonly #records: AsyncGenerator<FastaRecord, void, undefined>;
  #bytes = 0;
  #compared = 0;
  #rejected = false;

  constructor(outputs: StageOutputs, name: string) {
    this.#outputs = outputs;
    this.#name = name;
    this.#path = outputs.absolute(name);
    const onContent = (bytes: Buffer): void => {
      this.#bytes += bytes.byteLength;
      this.#hash.update(bytes);
    };
    const { signal } = outputs.publishing;
    this.#records = readRecords(this.#path, { signal, emptyFile: true, emptyRecords: 'keep', onContent });
  }

  async add(id: string, sequence: string): Promise<void> {
    if (this.#rejected) return;
    const found = await this.#next();
    if (this.#rejected) return;
    this.#compared += 1;
    const difference = differenceOf(this.#compared, { id, sequence: sequence.toUpperCase() }, found);
    if (difference !== undefined) await this.#reject(difference);
  }

  async finish(): Promise<void> {
    const surplus = this.#rejected ? undefined : await this.#next();
    if (surplus !== undefined) {
      await this.#reject(`expected the end after ${this.#compared} records, found "${surplus.id}"`);
    }
    await this.discard();
    if (this.#rejected) return;
    this.#outputs.kept(this.#name, { bytes: this.#bytes, sha256: this.#hash.digest('hex') });
  }

  async discard(): Promise<void> {
    await this.#records.return();
  }

  async #next(): Promise<FastaRecord | undefined> {
    try {
      const { done, value } = await this.#records.next();
      return done === true ? undefined : value;
    } catch (error) {
      if (!(error instanceof VirnucproError) || error.type !== FailureType.RunInvalidInput) throw error;
      await this.#reject(`expected FASTA, found something else (${error.message})`);
      return undefined;
    }
  }

  async #reject(text: string): Promise<void> {
    this.#rejected = true;
    const why = `${text}; it does not belong to this input and these settings: ${REMEDY}`;
    await this.#outputs.rejected(incompatible(this.#path, 'CONTENT', why));
  }
}

function differenceOf(
  number: number,
  expected: { id: string; sequence: string },
  found: FastaRecord | undefined,
): string | undefined {
  if (found === undefined) return `record ${number}: expected "${expected.id}", found the end of the file`;
  if (found.id !== expected.id) return `record ${number}: expected the id "${expected.id}", found "${found.id}"`;
  if (found.sequence === expected.sequence) return undefined;
  const at = firstDifference(expected.sequence, found.sequence);
  const lengths = `${expected.sequence.length} letters expected, ${found.sequence.length} found`;
  return `record ${number} ("${expected.id}"): another sequence from letter ${at + 1} on (${lengths})`;
}

function firstDifference(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return at;
}
