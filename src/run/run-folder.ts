import * as path from 'node:path';

/** Where everything lies in a run folder. Paths in plans and results are relative to it, so the folder may be moved. */
export const RUN_MANIFEST = 'run.json';
export const REPORT = 'report.json';
export const FAILED_FILES = 'failed_files.txt';
export const FAILED_SEQUENCES = 'failed_sequences.txt';
/** What users need not look into. Names that start with a dot are never taken for inputs or checkpoints. */
export const INTERNAL_FOLDER = '.virnucpro';

export const internal = {
  owner: path.posix.join(INTERNAL_FOLDER, 'owner.json'),
  plans: path.posix.join(INTERNAL_FOLDER, 'plans'),
  requests: path.posix.join(INTERNAL_FOLDER, 'requests'),
  inputs: path.posix.join(INTERNAL_FOLDER, 'inputs'),
  spool: path.posix.join(INTERNAL_FOLDER, 'spool'),
  failures: path.posix.join(INTERNAL_FOLDER, 'failures'),
  skipped: path.posix.join(INTERNAL_FOLDER, 'skipped'),
  models: path.posix.join(INTERNAL_FOLDER, 'models'),
  histories: path.posix.join(INTERNAL_FOLDER, 'histories'),
} as const;
