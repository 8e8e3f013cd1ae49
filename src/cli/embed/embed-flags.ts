import type { DataConverterFlag } from '../data-converter.ts';
import type { OtelFlag } from '../otel.ts';

/** Options of `virnucpro embed` as commander hands them over. */
export interface EmbedFlags extends DataConverterFlag, OtelFlag {
  out: string;
  embedder: string[];
  embedderOption: string[];
  chunkLength?: number;
  sequencesPerFile?: number;
  batchSize?: number;
  randomInit?: boolean;
  recursive?: boolean;
  forceResume?: boolean;
  onBadCheckpoint?: 'fail' | 'skip' | 'recompute';
  onBadSequence?: 'fail' | 'skip';
  skipCheckpointValidation?: boolean;
  dryRun?: boolean;
  detach?: boolean;
  withWorkers?: boolean;
  waitForWorkers?: number;
  json?: boolean;
  progress: boolean;
}
