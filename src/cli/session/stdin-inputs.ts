import * as path from 'node:path';
import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { openManifest } from '../../run/manifest.ts';
import { internal } from '../../run/run-folder.ts';
import { spoolStdin } from '../../sequences/index.ts';

/**
 * Inputs with `-` replaced by a file that standard input was written to: it can be read once only, and a run may have to
 * read its inputs more often.
 *
 * @param check called before the folder is made, if there is something to spool
 * @throws VirnucproError `RunError.InvalidInput` with `--dry-run`
 */
export async function withStdinSpooled(
  inputs: readonly string[],
  directory: string,
  dryRun: boolean,
  check: () => void,
): Promise<string[]> {
  if (!inputs.includes('-')) return [...inputs];
  if (dryRun) {
    throw new VirnucproError(
      FailureType.RunInvalidInput,
      '--dry-run writes nothing, so it cannot read from stdin: name a file',
    );
  }
  check();
  await openManifest(directory);
  const spooled = await spoolStdin(process.stdin, path.join(directory, internal.inputs));
  return inputs.map((input) => (input === '-' ? spooled : input));
}
