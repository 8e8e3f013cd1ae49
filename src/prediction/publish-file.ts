import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { incompatible } from '../checkpoint/errors.ts';
import { digestFile } from '../checkpoint/publish/digest.ts';
import { placeFile } from '../checkpoint/publish/place.ts';
import { namingFile } from '../checkpoint/publish/publish-checkpoint.ts';
import type { FileSystem, OpenFile } from '../platform/file-system.ts';
import { writeAll } from '../platform/file-system.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { syncFolder } from '../platform/sync-folder.ts';
import { tempPath } from '../platform/temp-files.ts';

/** A text file under its name. `existing`: another process had published the same bytes first. */
export interface PublishedFile {
  outcome: 'published' | 'existing';
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
}

export interface PublishFileOptions {
  /** @default the real one */
  fileSystem?: FileSystem | undefined;
  signal?: AbortSignal | undefined;
  /** false: the caller syncs the folder before it relies on the name. @default true */
  syncFolder?: boolean | undefined;
}

/** Text is gathered up to this many characters before it is encoded, digested and written. */
const BLOCK_CHARACTERS = 1 << 20;

/**
 * A text file that is being written under a temporary name, and gets its own when it is complete and on the disk: a reader
 * sees nothing, or all of it. Never replaces a file.
 *
 * Whoever has created one calls {@link publish} or {@link discard}. All methods throw errno errors that name the target
 * (disk full, quota, I/O), and the reason of the signal; the target is as it was before then.
 */
export class DraftFile {
  readonly #path: string;
  readonly #temp: string;
  readonly #file: OpenFile;
  readonly #fileSystem: FileSystem;
  readonly #options: PublishFileOptions;
  readonly #hash = createHash('sha256');
  #gathered: string[] = [];
  #characters = 0;
  #bytes = 0;
  #open = true;

  private constructor(path: string, temp: string, file: OpenFile, options: PublishFileOptions) {
    this.#path = path;
    this.#temp = temp;
    this.#file = file;
    this.#fileSystem = options.fileSystem ?? nodeFileSystem;
    this.#options = options;
  }

  /** @param path the folder has to exist */
  static async create(path: string, options: PublishFileOptions = {}): Promise<DraftFile> {
    options.signal?.throwIfAborted();
    const temp = tempPath(path);
    try {
      const file = await (options.fileSystem ?? nodeFileSystem).open(temp, 'create-exclusive');
      return new DraftFile(path, temp, file, options);
    } catch (error) {
      throw namingFile(error, path);
    }
  }

  /** @returns where enough has gathered to be written, what to wait for before the next call */
  add(text: string): Promise<void> | undefined {
    this.#gathered.push(text);
    this.#characters += text.length;
    return this.#characters < BLOCK_CHARACTERS ? undefined : this.#writeOut();
  }

  /**
   * Gives the file its name. Leaves no temporary file behind.
   *
   * @throws CheckpointError `incompatible` if another file has taken the name meanwhile
   */
  async publish(): Promise<PublishedFile> {
    try {
      await this.#writeOut();
      await this.#named(() => this.#file.sync());
      await this.#close();
      this.#options.signal?.throwIfAborted();
      const written = { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
      const placement = await this.#named(() => placeFile(this.#fileSystem, this.#temp, this.#path));
      if (placement === 'taken') await this.#assertSame(written);
      if (this.#options.syncFolder !== false) {
        await this.#named(() => syncFolder(this.#fileSystem, dirname(this.#path)));
      }
      return { outcome: placement === 'taken' ? 'existing' : 'published', ...written };
    } finally {
      await this.discard();
    }
  }

  /** Closes and removes the temporary file; does nothing where that has happened. Never throws. */
  async discard(): Promise<void> {
    await this.#close().catch(() => undefined);
    await this.#fileSystem.unlink(this.#temp).catch(() => undefined);
  }

  async #writeOut(): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const block = Buffer.from(this.#gathered.join(''));
    this.#gathered = [];
    this.#characters = 0;
    this.#hash.update(block);
    await this.#named(() => writeAll(this.#file, block, this.#bytes));
    this.#bytes += block.byteLength;
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#named(() => this.#file.close());
  }

  /** Two processes that compute the same give the same file its name. */
  async #assertSame(written: Omit<PublishedFile, 'outcome'>): Promise<void> {
    const found = await this.#named(() => digestOf(this.#fileSystem, this.#path));
    if (found.bytes === written.bytes && found.sha256 === written.sha256) return;
    const text = 'another file has appeared under this name meanwhile; move it away and start again';
    throw incompatible(this.#path, 'TARGET_TAKEN', text);
  }

  async #named<Result>(act: () => Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      throw namingFile(error, this.#path);
    }
  }
}

/**
 * Writes text as a {@link DraftFile} and gives it its name.
 *
 * @param content pieces of any size
 * @throws as DraftFile; what `content` throws
 */
export async function publishFile(
  path: string,
  content: Iterable<string> | AsyncIterable<string>,
  options: PublishFileOptions = {},
): Promise<PublishedFile> {
  const draft = await DraftFile.create(path, options);
  try {
    for await (const text of content) {
      const written = draft.add(text);
      if (written !== undefined) await written;
    }
  } catch (error) {
    await draft.discard();
    throw error;
  }
  return draft.publish();
}

/**
 * Size and SHA-256 of a file.
 *
 * @throws errno errors
 */
export async function digestOf(fileSystem: FileSystem, path: string): Promise<{ bytes: number; sha256: string }> {
  const file = await fileSystem.open(path, 'read');
  try {
    const bytes = await file.size();
    return { bytes, sha256: await digestFile(file, bytes) };
  } finally {
    await file.close();
  }
}
