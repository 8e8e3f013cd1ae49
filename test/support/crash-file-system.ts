import { dirname, basename } from 'node:path';
import type { FileStat, FileSystem, OpenFile, OpenMode } from '../../src/platform/file-system.ts';
import { Disk, type Inode } from './crash-disk.ts';
import { errnoError } from './faulty-file-system.ts';

/** A change that is on the disk for certain only once its file or folder has been synced after it. */
export type Change =
  | { kind: 'write'; inode: Inode; position: number; bytes: Buffer }
  | { kind: 'truncate'; inode: Inode; size: number }
  /** Names of one folder that change together: a rename is one change. undefined: the name goes. */
  | { kind: 'names'; inode: Inode; names: [string, Inode | undefined][]; made?: Inode };

/** What the journal of a {@link CrashFileSystem} holds, in the order in which it happened. */
export type Entry<Note> =
  | Change
  | { kind: 'sync'; inode: Inode }
  /** A sync that failed: what it was to cover is no longer dirty, so that no later sync covers it either. */
  | { kind: 'failed-sync'; inode: Inode }
  /** What the program was told by then. */
  | { kind: 'note'; note: Note };

/**
 * A file system in memory that remembers every change and every sync, so that what a loss of power may leave on the disk
 * can be worked out for each moment: see `crash-states.ts`. What programs see is always what they wrote.
 *
 * It is the weakest file system that POSIX allows, weaker than ext4 or XFS: the sync of a file covers its bytes and its
 * size, not its name; the sync of a folder covers the names in it, not the bytes of the files and not its own name.
 */
export class CrashFileSystem<Note = never> implements FileSystem {
  readonly journal: Entry<Note>[] = [];
  /** What lay on the disk, for certain, before the first entry of the journal. */
  readonly before: Disk;
  readonly #now: Disk;
  readonly #modified = new Map<Inode, bigint>();

  constructor(disk: Disk = new Disk()) {
    this.before = disk;
    this.#now = disk.copy();
  }

  /** What programs see. */
  get disk(): Disk {
    return this.#now;
  }

  note(note: Note): void {
    this.journal.push({ kind: 'note', note });
  }

  /** As if fsync of that file had failed: the kernel gives up its dirty pages, and says so once. */
  failSync(path: string): void {
    const inode = this.#now.find(path);
    if (inode !== undefined) this.journal.push({ kind: 'failed-sync', inode });
  }

  async open(path: string, mode: OpenMode): Promise<OpenFile> {
    const found = this.#now.find(path);
    if (mode !== 'create-exclusive') {
      if (found === undefined) throw errnoError('ENOENT', `open '${path}'`);
      return new CrashFile(this, this.#file(found, path));
    }
    if (found !== undefined) throw errnoError('EEXIST', `open '${path}'`);
    const inode = this.#now.next++;
    this.#now.files.set(inode, Buffer.alloc(0));
    this.#rename(dirname(path), [[basename(path), inode]]);
    return new CrashFile(this, inode);
  }

  async link(existing: string, path: string): Promise<void> {
    const inode = this.#file(this.#now.find(existing), existing);
    if (this.#now.find(path) !== undefined) throw errnoError('EEXIST', `link '${path}'`);
    this.#rename(dirname(path), [[basename(path), inode]]);
  }

  async rename(from: string, to: string): Promise<void> {
    const inode = this.#file(this.#now.find(from), from);
    if (dirname(from) !== dirname(to)) throw errnoError('EXDEV', `rename '${from}'`);
    this.#rename(dirname(to), [
      [basename(from), undefined],
      [basename(to), inode],
    ]);
  }

  async unlink(path: string): Promise<void> {
    this.#file(this.#now.find(path), path);
    this.#rename(dirname(path), [[basename(path), undefined]]);
  }

  async removeFolder(path: string): Promise<void> {
    const folder = this.#now.find(path);
    if (folder === undefined) return;
    for (const [name, inode] of [...this.#now.entries(folder)]) {
      if (this.#now.folders.has(inode)) await this.removeFolder(`${path}/${name}`);
      else await this.unlink(`${path}/${name}`);
    }
    this.#rename(dirname(path), [[basename(path), undefined]]);
  }

  async makeFolder(path: string): Promise<void> {
    const found = this.#now.find(path);
    if (found !== undefined && this.#now.folders.has(found)) return;
    if (found !== undefined) throw errnoError('EEXIST', `mkdir '${path}'`);
    await this.makeFolder(dirname(path));
    const inode = this.#now.next++;
    this.#apply({
      kind: 'names',
      inode: this.#now.folder(dirname(path)),
      names: [[basename(path), inode]],
      made: inode,
    });
  }

  async list(path: string): Promise<string[]> {
    return [...this.#now.entries(this.#now.folder(path)).keys()];
  }

  async stat(path: string): Promise<FileStat | undefined> {
    const inode = this.#now.find(path);
    if (inode === undefined) return undefined;
    return {
      size: this.#now.bytes(inode).length,
      isFile: !this.#now.folders.has(inode),
      inode: BigInt(inode),
      links: this.#now.links(inode),
      modifiedNs: this.#modified.get(inode) ?? 0n,
    };
  }

  async syncFolder(path: string): Promise<void> {
    this.journal.push({ kind: 'sync', inode: this.#now.folder(path) });
  }

  sync(inode: Inode): void {
    this.journal.push({ kind: 'sync', inode });
  }

  write(inode: Inode, position: number, bytes: Uint8Array): void {
    this.#apply({ kind: 'write', inode, position, bytes: Buffer.from(bytes) });
  }

  truncate(inode: Inode, size: number): void {
    this.#apply({ kind: 'truncate', inode, size });
  }

  #rename(folder: string, names: [string, Inode | undefined][]): void {
    this.#apply({ kind: 'names', inode: this.#now.folder(folder), names });
  }

  #apply(change: Change): void {
    this.journal.push(change);
    this.#modified.set(change.inode, BigInt(this.journal.length));
    applyChange(this.#now, change);
  }

  #file(inode: Inode | undefined, path: string): Inode {
    if (inode === undefined) throw errnoError('ENOENT', `'${path}'`);
    if (this.#now.folders.has(inode)) throw errnoError('EISDIR', `'${path}'`);
    return inode;
  }
}

/** Code that is broken on purpose may not know when to stop. */
const ENDLESS = 1000;

/** What an open file needs of its system. */
type FileStore = Pick<CrashFileSystem<unknown>, 'disk' | 'write' | 'truncate' | 'sync'>;

class CrashFile implements OpenFile {
  readonly #system: FileStore;
  readonly #inode: Inode;
  #open = true;
  #readsAtEnd = 0;

  constructor(system: FileStore, inode: Inode) {
    this.#system = system;
    this.#inode = inode;
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    this.#assertOpen();
    this.#system.write(this.#inode, position, bytes);
    return bytes.length;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    return this.readSync(into, position);
  }

  readSync(into: Uint8Array, position: number): number {
    this.#assertOpen();
    const bytes = this.#system.disk.bytes(this.#inode).subarray(position, position + into.length);
    into.set(bytes);
    this.#readsAtEnd = bytes.length === 0 ? this.#readsAtEnd + 1 : 0;
    if (this.#readsAtEnd > ENDLESS) throw new Error('read for ever behind the end of a file');
    return bytes.length;
  }

  async size(): Promise<number> {
    this.#assertOpen();
    return this.#system.disk.bytes(this.#inode).length;
  }

  async truncate(size: number): Promise<void> {
    this.#assertOpen();
    this.#system.truncate(this.#inode, size);
  }

  async sync(): Promise<void> {
    this.#assertOpen();
    this.#system.sync(this.#inode);
  }

  async close(): Promise<void> {
    this.#assertOpen();
    this.#open = false;
  }

  #assertOpen(): void {
    if (!this.#open) throw errnoError('EBADF', 'a file that was closed');
  }
}

/** Carries a change out on a disk. */
export function applyChange(disk: Disk, change: Change): void {
  if (change.kind === 'write') disk.write(change.inode, change.position, change.bytes);
  else if (change.kind === 'truncate') disk.truncate(change.inode, change.size);
  else {
    const entries = disk.entries(change.inode);
    if (change.made !== undefined && !disk.folders.has(change.made)) disk.folders.set(change.made, new Map());
    for (const [name, inode] of change.names) {
      if (inode === undefined) entries.delete(name);
      else entries.set(name, inode);
    }
  }
}
