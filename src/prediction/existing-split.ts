/** How a folder that is there already was split. */
export interface ExistingSplit {
  /** Sequences in each file but the last. */
  sequencesPerFile: number;
  /** There is one file only: any larger number would have given the same. */
  atLeast: boolean;
}

/**
 * The split that an earlier run, or VirNucPro itself, left of one input: every file but the last holds as many sequences,
 * the same number on both sides.
 *
 * @returns undefined if there are no split files
 * @throws CheckpointError `incompatible` if they do not agree; errno errors
 */
export async function existingSplit(directory: string, stem: string): Promise<ExistingSplit | undefined> {
  throw new Error(`not built yet: ${directory} ${stem}`);
}
