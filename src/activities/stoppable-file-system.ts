import type { FileSystem, OpenFile } from '../platform/file-system.ts';

/**
 * A file system for an attempt that may be told to stop from another thread: opening, writing and naming files ask
 * `throwIfStopped` first. What cleans up (close, unlink) and what looks at files that are open goes through.
 */
export function stoppable(fileSystem: FileSystem, throwIfStopped: () => void): FileSystem {
  return {
    ...fileSystem,
    open: async (path, mode) => {
      throwIfStopped();
      const file = await fileSystem.open(path, mode);
      return mode === 'read' ? file : stoppableFile(file, throwIfStopped);
    },
    link: async (existing, path) => {
      throwIfStopped();
      return fileSystem.link(existing, path);
    },
    rename: async (from, to) => {
      throwIfStopped();
      return fileSystem.rename(from, to);
    },
  };
}

function stoppableFile(file: OpenFile, throwIfStopped: () => void): OpenFile {
  return {
    descriptor: file.descriptor,
    write: async (bytes, position) => {
      throwIfStopped();
      return file.write(bytes, position);
    },
    read: (into, position) => file.read(into, position),
    readSync: (into, position) => file.readSync(into, position),
    size: () => file.size(),
    truncate: (size) => file.truncate(size),
    sync: () => file.sync(),
    close: () => file.close(),
  };
}
