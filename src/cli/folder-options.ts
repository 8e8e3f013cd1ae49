import { Option, type Command } from 'commander';
import { dataConverterOption } from './data-converter.ts';
import { positiveInteger } from './option-parsers.ts';
import { otelOption } from './otel.ts';

/** The options of `FolderFlags` that read the same in every command. */
export function addFolderOptions(command: Command): Command {
  return command
    .option('--batch-size <n>', 'sequences per batch (default: what the embedder declares)', positiveInteger)
    .option('--recursive', 'look into the folders below, too')
    .addOption(
      new Option(
        '--force-resume',
        'leave bad checkpoints as they are and go on with the others (exit code 2)',
      ).conflicts('onBadCheckpoint'),
    )
    .addOption(
      new Option(
        '--on-bad-checkpoint <mode>',
        'what to do about corrupted or incompatible checkpoints (default: fail)',
      ).choices(['fail', 'skip', 'recompute']),
    )
    .addOption(
      new Option(
        '--on-bad-sequence <mode>',
        'what to do about a sequence that cannot be embedded: fail its file, or skip it (exit code 2) (default: fail)',
      ).choices(['fail', 'skip']),
    )
    .option('--skip-checkpoint-validation', 'believe the content of the checkpoints that are there')
    .option('--dry-run', 'show what a run would do; start nothing, write nothing')
    .option('--detach', 'start the run and leave it to the server and its workers')
    .option('--with-workers', 'with a server of your own: run workers in this command, too')
    .option('--wait-for-workers <seconds>', 'give up when a queue has no worker for this long', positiveInteger)
    .addOption(dataConverterOption())
    .option('--json', 'print one JSON document on stdout and nothing else')
    .option('--no-progress', 'no progress on stderr')
    .addOption(otelOption());
}
