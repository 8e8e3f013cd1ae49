import type { FileSystem } from '../../platform/file-system.ts';
import { nodeFileSystem } from '../../platform/node-file-system.ts';
import type { IndexedCheckpoint } from '../rows/index-checkpoint.ts';
import { plural } from '../text.ts';
import { idsContent, npyContent, safetensorsContent, writtenKind } from './content.ts';
import { idsPathOf } from './formats.ts';
import type { PublishedFile } from './publish-files.ts';
import { nextTurn, publishFiles } from './publish-files.ts';
import { SourceRows } from './source-rows.ts';
import { convertToCheckpoint } from './to-checkpoint.ts';
import type { ConvertFormat, ConvertResult } from './types.ts';

/** A conversion whose input has been checked. */
export interface Conversion {
  readonly indexed: IndexedCheckpoint;
  readonly output: string;
  readonly format: ConvertFormat;
}

interface Surroundings {
  readonly signal?: AbortSignal | undefined;
  /** @default the real one */
  readonly fileSystem?: FileSystem;
}

/** Writes the output, in the calling thread, which it blocks for a block of rows at a time. */
export async function convertIndexed(conversion: Conversion, surroundings: Surroundings): Promise<ConvertResult> {
  const { indexed, output, format } = conversion;
  const source = SourceRows.open(indexed);
  try {
    const inexact = await source.countInexact(async () => {
      await nextTurn();
      surroundings.signal?.throwIfAborted();
    });
    const dtype = inexact > 0 && format !== 'pt' ? 'float64' : 'float32';
    const published = await publish(conversion, source, dtype, surroundings);
    return {
      outcome: published.outcome,
      input: indexed.path,
      output,
      format,
      kind: writtenKind(indexed),
      version: indexed.version,
      rows: source.rows,
      dim: source.dim,
      dtype,
      bytes: published.bytes,
      sha256: published.sha256,
      ...(format === 'npy' && { ids: idsPathOf(output) }),
      ...(inexact > 0 && format === 'pt' && { warnings: [roundingWarning(inexact)] }),
    };
  } finally {
    source.close();
  }
}

async function publish(
  { indexed, output, format }: Conversion,
  source: SourceRows,
  dtype: ConvertResult['dtype'],
  { signal, fileSystem = nodeFileSystem }: Surroundings,
): Promise<PublishedFile> {
  if (format === 'pt') return convertToCheckpoint(indexed, source, { path: output, fileSystem, signal });
  const files =
    format === 'npy'
      ? [
          { path: idsPathOf(output), content: idsContent(indexed) },
          { path: output, content: npyContent(source, dtype) },
        ]
      : [{ path: output, content: safetensorsContent(indexed, source, dtype) }];
  const published = await publishFiles(files, { fileSystem, signal });
  return published.at(-1) as PublishedFile;
}

function roundingWarning(count: number): string {
  const verb = count === 1 ? 'is' : 'are';
  return `${plural(count, 'value')} ${verb} not exactly float32, which a checkpoint holds: rounded (.npy keeps float64)`;
}
