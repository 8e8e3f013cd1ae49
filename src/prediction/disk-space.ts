import * as path from 'node:path';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { checkpointBytes, requireFreeBytes } from '../run/disk-space.ts';
import { mapLimited } from '../run/limited.ts';
import { pathsOf } from './paths.ts';
import { MERGED_DIM } from './sides.ts';
import type { StageContext } from './stage.ts';

/** Parts looked for side by side. */
const PARTS_AT_ONCE = 16;

/**
 * A disk that has room for the embeddings but not for what they are merged to is found before hours of GPU work, not after. What
 * other inputs still need is not counted.
 *
 * @param sequences frames of the input that are free of stops
 * @throws VirnucproError `RunError.InvalidInput`; errno errors
 */
export async function requireSpaceForInput(context: StageContext, sequences: number): Promise<void> {
  const { directory, input } = context;
  await requireFreeBytes(
    directory,
    await lackingBytes(context, sequences),
    (needed, free) =>
      `not enough disk space for ${directory}: embedding and merging the ${sequences} sequences of ${input.stem} needs about ${needed}, ` +
      `${free} are free; free some or choose another folder with --out; what is done is kept`,
  );
}

/** Bytes of all checkpoints of an input, of both sides and merged, that are not there yet. */
export async function lackingBytes(
  { directory, request, input }: Pick<StageContext, 'directory' | 'request' | 'input'>,
  sequences: number,
): Promise<number> {
  const { sequencesPerFile, nucleotide, protein } = request;
  const paths = pathsOf(request, input);
  const lackingOf = async (part: number): Promise<number> => {
    const rows = Math.min(sequencesPerFile, sequences - (part - 1) * sequencesPerFile);
    const files = [
      { name: paths.checkpoint('nucleotide', part), kind: nucleotide.kind, dim: nucleotide.dim },
      { name: paths.checkpoint('protein', part), kind: protein.kind, dim: protein.dim },
      { name: paths.mergedPart(part), kind: 'merged', dim: MERGED_DIM },
    ] as const;
    let bytes = 0;
    for (const { name, kind, dim } of files) {
      const isThere = (await nodeFileSystem.stat(path.join(directory, name))) !== undefined;
      bytes += isThere ? 0 : checkpointBytes({ kind, rows, dim });
    }
    return bytes;
  };
  const parts = Array.from({ length: Math.ceil(sequences / sequencesPerFile) }, (_, index) => index + 1);
  const lacking = await mapLimited(parts, PARTS_AT_ONCE, lackingOf);
  return lacking.reduce((sum, bytes) => sum + bytes, 0);
}
