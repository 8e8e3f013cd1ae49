import type { OpenFile } from '../../platform/file-system.ts';
import { writeAll } from '../../platform/file-system.ts';
import type { ByteSink } from '../../torch/index.ts';

/** Writes what the torch writer hands over, which gathers small pieces itself, front to back. */
export function tempWriter(
  file: OpenFile,
  signal: AbortSignal | undefined,
  onProgress: ((bytes: number) => void) | undefined,
): ByteSink {
  let position = 0;
  return {
    write: async (bytes) => {
      signal?.throwIfAborted();
      await writeAll(file, bytes, position);
      position += bytes.byteLength;
      onProgress?.(position);
    },
  };
}
