import type { FileSystem, OpenFile } from '../../src/platform/file-system.ts';

/** The methods of a file system that is an object of a class, so that some of them can be put in place of others. */
export function systemOf(inner: FileSystem): FileSystem {
  return {
    open: (path, mode) => inner.open(path, mode),
    link: (existing, path) => inner.link(existing, path),
    rename: (from, to) => inner.rename(from, to),
    unlink: (path) => inner.unlink(path),
    removeFolder: (path) => inner.removeFolder(path),
    makeFolder: (path) => inner.makeFolder(path),
    list: (path) => inner.list(path),
    stat: (path) => inner.stat(path),
    syncFolder: (path) => inner.syncFolder(path),
  };
}

/** Those of an open file. */
export function methodsOf(inner: OpenFile): OpenFile {
  return {
    write: (bytes, position) => inner.write(bytes, position),
    read: (into, position) => inner.read(into, position),
    readSync: (into, position) => inner.readSync(into, position),
    size: () => inner.size(),
    truncate: (size) => inner.truncate(size),
    sync: () => inner.sync(),
    close: () => inner.close(),
  };
}
