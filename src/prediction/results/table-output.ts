import { createHash } from 'node:crypto';
import { incompatible } from '../../checkpoint/errors.ts';
import { quote } from '../../checkpoint/text.ts';
import { digestOf, DraftFile } from '../publish-file.ts';
import { REMEDY } from '../remedy.ts';
import type { StageOutputs } from '../settle-stage.ts';
import { isOverlong, LineReader } from './lines.ts';

/** A table that a stage leaves, row by row. Whoever has opened one calls `finish` or `discard`. */
export interface TableOutput<Row> {
  /** @returns what to wait for before the next call, where there is something */
  add(row: Row): Promise<void> | undefined;
  /** Accounts for the file among the outputs of the stage. */
  finish(): Promise<void>;
  /** Leaves nothing behind. Never throws. */
  discard(): Promise<void>;
}

/** How a table is written, and what counts as the same. */
export interface TableFormat<Row> {
  /** Without its line end. */
  header: string;
  /** With its line end. */
  line(row: Row): string;
  /** @returns why a line that is there does not stand for this row; undefined where it does */
  difference(line: string, row: Row): string | undefined;
}

/**
 * Opens a table for the rows that belong into it, in order: they are written where there is no file, and compared with the
 * rows of the file where there is one.
 *
 * @param name relative to DIR, with `/`
 * @throws errno errors; CheckpointError `incompatible`, from any method, at the first row that differs
 */
export async function openTableOutput<Row>(
  outputs: StageOutputs,
  name: string,
  format: TableFormat<Row>,
): Promise<TableOutput<Row>> {
  const state = await outputs.state(name);
  if (state === 'recorded') return ALREADY_THERE;
  if (state === 'unrecorded') return ComparedTable.open(outputs, name, format);
  const draft = await DraftFile.create(outputs.absolute(name), outputs.publishing);
  return new WrittenTable(outputs, name, format, draft);
}

const ALREADY_THERE: TableOutput<unknown> = {
  add: () => undefined,
  finish: () => Promise.resolve(),
  discard: () => Promise.resolve(),
};

class WrittenTable<Row> implements TableOutput<Row> {
  readonly #outputs: StageOutputs;
  readonly #name: string;
  readonly #format: TableFormat<Row>;
  readonly #draft: DraftFile;

  constructor(outputs: StageOutputs, name: string, format: TableFormat<Row>, draft: DraftFile) {
    this.#outputs = outputs;
    this.#name = name;
    this.#format = format;
    this.#draft = draft;
    // A line is far shorter than what is gathered before anything is written.
    void draft.add(`${format.header}\n`);
  }

  add(row: Row): Promise<void> | undefined {
    return this.#draft.add(this.#format.line(row));
  }

  async finish(): Promise<void> {
    this.#outputs.published(this.#name, await this.#draft.publish());
  }

  discard(): Promise<void> {
    return this.#draft.discard();
  }
}

class ComparedTable<Row> implements TableOutput<Row> {
  readonly #outputs: StageOutputs;
  readonly #name: string;
  readonly #format: TableFormat<Row>;
  readonly #lines: LineReader;
  /** Of the table as it would have been written. */
  readonly #own = createHash('sha256');
  #rejected = false;

  private constructor(outputs: StageOutputs, name: string, format: TableFormat<Row>) {
    this.#outputs = outputs;
    this.#name = name;
    this.#format = format;
    this.#lines = new LineReader(outputs.absolute(name), outputs.publishing.signal);
    this.#own.update(`${format.header}\n`);
  }

  static async open<Row>(outputs: StageOutputs, name: string, format: TableFormat<Row>): Promise<ComparedTable<Row>> {
    const table = new ComparedTable(outputs, name, format);
    try {
      await table.#expectHeader();
      return table;
    } catch (error) {
      await table.discard();
      throw error;
    }
  }

  async #expectHeader(): Promise<void> {
    const { header } = this.#format;
    const found = await this.#next();
    if (found !== header && !this.#rejected)
      await this.#reject(`expected the header "${header}", found ${quote(found ?? '')}`);
  }

  async add(row: Row): Promise<void> {
    if (this.#rejected) return;
    this.#own.update(this.#format.line(row));
    const line = await this.#next();
    if (this.#rejected) return;
    if (line === undefined) return this.#reject(`expected more rows, found the end of the file`);
    const difference = this.#format.difference(line, row);
    if (difference !== undefined) await this.#reject(difference);
  }

  async finish(): Promise<void> {
    const surplus = this.#rejected ? undefined : await this.#next();
    if (surplus !== undefined) await this.#reject(`expected the end of the file, found ${quote(surplus)}`);
    await this.discard();
    if (this.#rejected) return;
    const facts = await digestOf(this.#outputs.fileSystem, this.#outputs.absolute(this.#name));
    this.#outputs.kept(this.#name, facts, this.#own.digest('hex'));
  }

  discard(): Promise<void> {
    return this.#lines.close();
  }

  /** @returns undefined also where what follows is no line of a table: the file is rejected then */
  async #next(): Promise<string | undefined> {
    try {
      return await this.#lines.next();
    } catch (error) {
      if (!isOverlong(error)) throw error;
      this.#rejected = true;
      await this.#outputs.rejected(error);
      return undefined;
    }
  }

  async #reject(text: string): Promise<void> {
    this.#rejected = true;
    const why = `line ${this.#lines.number}: ${text}; it does not belong to this input and these settings: ${REMEDY}`;
    await this.#outputs.rejected(incompatible(this.#outputs.absolute(this.#name), 'CONTENT', why));
  }
}
