import type { SessionFlags } from './session-flags.ts';

/** Options that every command has which makes checkpoints in a folder. */
export interface FolderFlags extends SessionFlags {
  sequencesPerFile?: number;
  batchSize?: number;
  randomInit?: boolean;
  recursive?: boolean;
  forceResume?: boolean;
  onBadCheckpoint?: 'fail' | 'skip' | 'recompute';
  onBadSequence?: 'fail' | 'skip';
  skipCheckpointValidation?: boolean;
  dryRun?: boolean;
}

/** What they say about how a request is worked on. */
export function requestFlags(flags: FolderFlags) {
  const { sequencesPerFile, batchSize, recursive, onBadSequence, skipCheckpointValidation } = flags;
  const onBadCheckpoint = flags.forceResume === true ? 'skip' : flags.onBadCheckpoint;
  return {
    ...(recursive === undefined ? {} : { recursive }),
    ...(sequencesPerFile === undefined ? {} : { sequencesPerFile }),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(onBadCheckpoint === undefined ? {} : { onBadCheckpoint }),
    ...(onBadSequence === undefined ? {} : { onBadSequence }),
    ...(skipCheckpointValidation === undefined ? {} : { skipCheckpointValidation }),
  };
}
