import type { FolderFlags } from '../session/folder-flags.ts';

/** Options of `virnucpro embed` as commander hands them over. */
export interface EmbedFlags extends FolderFlags {
  out: string;
  embedder: string[];
  embedderOption: string[];
  chunkLength?: number;
}
