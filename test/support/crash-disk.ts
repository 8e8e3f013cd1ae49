import { createHash } from 'node:crypto';
import { errnoError } from './faulty-file-system.ts';

/** A file or folder of the model, by number: names only refer to it. */
export type Inode = number;

export const ROOT: Inode = 1;

/** Content by inode: bytes of files, entries of folders. */
export class Disk {
  readonly files: Map<Inode, Buffer>;
  readonly folders: Map<Inode, Map<string, Inode>>;
  /** The next free inode. */
  next: Inode;

  constructor() {
    this.files = new Map();
    this.folders = new Map([[ROOT, new Map<string, Inode>()]]);
    this.next = ROOT + 1;
  }

  copy(): Disk {
    const copy = new Disk();
    for (const [inode, bytes] of this.files) copy.files.set(inode, bytes);
    for (const [inode, entries] of this.folders) copy.folders.set(inode, new Map(entries));
    copy.next = this.next;
    return copy;
  }

  /** @throws ENOENT, ENOTDIR */
  folder(path: string): Inode {
    const found = this.find(path);
    if (found === undefined) throw errnoError('ENOENT', `lookup '${path}'`);
    if (!this.folders.has(found)) throw errnoError('ENOTDIR', `lookup '${path}'`);
    return found;
  }

  /** @returns undefined if nothing is there */
  find(path: string): Inode | undefined {
    let at: Inode = ROOT;
    for (const name of path.split('/').filter((part) => part !== '')) {
      const next = this.folders.get(at)?.get(name);
      if (next === undefined) return undefined;
      at = next;
    }
    return at;
  }

  entries(folder: Inode): Map<string, Inode> {
    const entries = this.folders.get(folder);
    if (entries === undefined) throw new Error(`inode ${folder} is no folder`);
    return entries;
  }

  bytes(file: Inode): Buffer {
    return this.files.get(file) ?? Buffer.alloc(0);
  }

  /** Writes into a file, which grows with zeros as far as needed. Never changes a buffer that a copy may hold. */
  write(file: Inode, position: number, bytes: Uint8Array): void {
    const old = this.bytes(file);
    const now = Buffer.alloc(Math.max(old.length, position + bytes.length));
    old.copy(now);
    now.set(bytes, position);
    this.files.set(file, now);
  }

  truncate(file: Inode, size: number): void {
    this.files.set(file, Buffer.from(this.bytes(file).subarray(0, size)));
  }

  links(file: Inode): number {
    let count = 0;
    for (const entries of this.folders.values()) for (const inode of entries.values()) if (inode === file) count += 1;
    return count;
  }

  /** Every file that has a name, by path. */
  tree(): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    const walk = (folder: Inode, path: string): void => {
      for (const [name, inode] of this.entries(folder)) {
        if (this.folders.has(inode)) walk(inode, `${path}/${name}`);
        else found.set(`${path}/${name}`, this.bytes(inode));
      }
    };
    walk(ROOT, '');
    return found;
  }

  /** Equal for disks on which the same names hold the same bytes. */
  digest(): string {
    const hash = createHash('sha1');
    const walk = (folder: Inode): void => {
      for (const [name, inode] of [...this.entries(folder)].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
        hash.update(`${name}\0`);
        if (this.folders.has(inode)) walk(inode);
        else hash.update(`${this.bytes(inode).length}\0`).update(this.bytes(inode));
      }
      hash.update('\0\0');
    };
    walk(ROOT);
    return hash.digest('base64');
  }
}
