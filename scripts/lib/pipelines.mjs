import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** What `npm run setup-pipelines` makes. */
export const PIPELINES_FOLDER = join(
  process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
  'virnucpro',
  'pipelines',
);
export const PIPELINES_VENV = join(PIPELINES_FOLDER, 'python');
/** Jars of Nextflow and of what it needs. */
export const NEXTFLOW_JARS = join(PIPELINES_FOLDER, 'nextflow');
export const NEXTFLOW_PROGRAM = join(NEXTFLOW_JARS, 'nextflow.sh');
/** In each of these folders, once it is complete: the files that it was made from. */
export const STAMP = 'made-from';

/** A Python with temporalio and Snakemake: VIRNUCPRO_PIPELINES_PYTHON names another than the one that was set up. */
export function pipelinesPython() {
  const named = process.env['VIRNUCPRO_PIPELINES_PYTHON'];
  if (named) return named;
  return existsSync(join(PIPELINES_VENV, STAMP)) ? join(PIPELINES_VENV, 'bin', 'python') : undefined;
}

/** Nextflow: VIRNUCPRO_NEXTFLOW names another than the one that was set up. */
export function nextflowProgram() {
  const named = process.env['VIRNUCPRO_NEXTFLOW'];
  if (named) return named;
  return existsSync(join(NEXTFLOW_JARS, STAMP)) ? NEXTFLOW_PROGRAM : undefined;
}
