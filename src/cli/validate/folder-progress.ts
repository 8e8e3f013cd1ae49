import type { CheckpointEntry } from '../../checkpoint/index.ts';

/** A folder that is checked sooner needs no progress. */
const QUIET_MS = 1000;
const INTERVAL_MS = 200;
const CLEAR_LINE = '\r\u001b[K';

/** Counts checkpoints on one line of a terminal while a folder is checked; silent where the stream is none. */
export interface FolderProgress {
  add(entry: CheckpointEntry): void;
  /** Removes the line. */
  end(): void;
}

/** @param now milliseconds; a port for the tests */
export function folderProgress(
  stream: { isTTY?: boolean; write(text: string): unknown },
  now: () => number = () => performance.now(),
): FolderProgress {
  let checked = 0;
  let bad = 0;
  let shown = false;
  let next = now() + QUIET_MS;
  return {
    add: ({ result }) => {
      checked++;
      if (result !== 'valid') bad++;
      if (!stream.isTTY || now() < next) return;
      next = now() + INTERVAL_MS;
      shown = true;
      stream.write(`${CLEAR_LINE}Checked ${checked.toLocaleString('en-US')} checkpoints, ${bad} not valid`);
    },
    end: () => {
      if (shown) stream.write(CLEAR_LINE);
    },
  };
}
