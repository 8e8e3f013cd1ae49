import type { FileSystem } from '../../platform/file-system.ts';
import { syncFolder } from '../../platform/sync-folder.ts';

/** The fsync that runs for a folder now, and the one that starts after it, if someone waits for that. */
interface FolderSyncs {
  running: Promise<void>;
  next?: Promise<void>;
}

const folders = new WeakMap<FileSystem, Map<string, FolderSyncs>>();

/**
 * fsync of a folder, shared between callers: one that was already running when a name was linked may have missed it, so a
 * caller waits for the first that *starts* after its call. All that wait for the same one share its outcome.
 */
export function syncFolderShared(fileSystem: FileSystem, folder: string): Promise<void> {
  const syncs = folders.get(fileSystem) ?? new Map<string, FolderSyncs>();
  folders.set(fileSystem, syncs);
  const current = syncs.get(folder);
  if (current === undefined) return start(fileSystem, folder, syncs);
  current.next ??= current.running.then(
    () => start(fileSystem, folder, syncs),
    () => start(fileSystem, folder, syncs),
  );
  return current.next;
}

function start(fileSystem: FileSystem, folder: string, syncs: Map<string, FolderSyncs>): Promise<void> {
  const entry: FolderSyncs = { running: syncFolder(fileSystem, folder) };
  syncs.set(folder, entry);
  const forget = () => {
    if (entry.next === undefined) syncs.delete(folder);
  };
  entry.running.then(forget, forget);
  return entry.running;
}
