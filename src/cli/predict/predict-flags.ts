import type { FolderFlags } from '../session/folder-flags.ts';

/** Options of `virnucpro predict` as commander hands them over. */
export interface PredictFlags extends FolderFlags {
  out?: string;
  /** Another name of `--out`. */
  outputDir?: string;
  model: string;
  expectedLength?: number;
  nucleotideEmbedder: string;
  proteinEmbedder: string;
  nucleotideOption: string[];
  proteinOption: string[];
  keepIntermediate?: boolean;
}
