import { Command } from 'commander';
import { inspectCheckpoint } from '../checkpoint/index.ts';
import type { CheckpointResult } from '../checkpoint/index.ts';
import { EXIT_CODES } from '../contract/outcome.ts';
import { EXIT_FAILURE } from './exit.ts';
import { formatInspection } from './inspect/format-inspection.ts';
import { printJson } from './terminal.ts';

/** `virnucpro inspect FILE.pt`: what is inside a checkpoint, without loading a tensor. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .description('show what is inside a checkpoint, without loading tensors and without Python')
    .argument('<file.pt>', 'checkpoint')
    .option('--json', 'print one JSON document on stdout and nothing else')
    .addHelpText('after', HELP)
    .action(async (file: string, flags: { json?: boolean }) => {
      const inspection = await inspectCheckpoint(file);
      if (flags.json) printJson(inspection);
      else process.stdout.write(formatInspection(inspection));
      process.exitCode = exitCodeFor(inspection.result);
    });
}

const HELP = `
Exit codes: 0 valid; 3 corrupted (a file that does not exist included) or incompatible; 1 otherwise.

Examples:
  virnucpro inspect run/genome_KMER.pt
  virnucpro inspect run/genome_KMER.pt --json`;

function exitCodeFor(result: CheckpointResult): number {
  if (result === 'valid') return EXIT_CODES.success;
  return result === 'unavailable' ? EXIT_FAILURE : EXIT_CODES.checkpoint;
}
