import { Command } from 'commander';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { readFailedCheckpoints, validateFolder } from '../checkpoint/index.ts';
import type { FolderReport, ValidationLevel } from '../checkpoint/index.ts';
import { EXIT_FAILURE, messageOf, typeOf } from './exit.ts';
import { printJson } from './terminal.ts';
import { formatReport } from './validate/format-report.ts';
import { folderProgress } from './validate/folder-progress.ts';

interface ValidateFlags {
  recursive?: boolean;
  skipLoad?: boolean;
  deep?: boolean;
  requireKeys?: string;
  json?: boolean;
}

/** `virnucpro validate-checkpoints DIR`: checks every checkpoint of a folder and changes nothing. */
export function validateCommand(): Command {
  return new Command('validate-checkpoints')
    .description('check every checkpoint (*.pt) of a folder; changes nothing')
    .argument('<dir>', 'folder of checkpoints')
    .option('--recursive', 'look into the folders below, too')
    .option('--skip-load', 'look only at the size and the ZIP directory of each file')
    .option('--deep', 'also check every byte of every tensor (CRC, NaN, infinities) and warn of zero rows')
    .option('--require-keys <a,b>', 'ask for these keys only, whatever the kind of checkpoint')
    .option('--json', 'print one JSON document on stdout and nothing else')
    .addHelpText('after', HELP)
    .action(async (directory: string, flags: ValidateFlags) => {
      process.exitCode = await validate(directory, flags);
    });
}

const HELP = `
Without --skip-load and --deep: container, CRC of every record but tensor data, pickle, keys, shapes and row counts; no
tensor byte is read.

Exit codes: 0 all valid; 3 at least one corrupted or incompatible; otherwise 1 if one cannot be read, or the folder is
missing, unreadable or without checkpoints.

Examples:
  virnucpro validate-checkpoints run
  virnucpro validate-checkpoints run --recursive --deep
  virnucpro validate-checkpoints shards --require-keys embeddings,sequence_ids --json`;

async function validate(directory: string, flags: ValidateFlags): Promise<number> {
  const level = levelOf(flags);
  try {
    if (flags.skipLoad && flags.deep)
      throw badArgument('--skip-load and --deep exclude each other: leave one of them out');
    const keys = flags.requireKeys === undefined ? undefined : parseKeys(flags.requireKeys);
    const progress = folderProgress(process.stderr);
    const { report, exitCode } = await validateFolder(directory, {
      level,
      recursive: flags.recursive ?? false,
      onEntry: progress.add,
      ...(keys && { requireKeys: keys }),
    }).finally(progress.end);
    if (flags.json) printJson(report);
    else await printReport(report);
    return exitCode;
  } catch (error) {
    if (flags.json) printJson(emptyReport(directory, level, error));
    process.stderr.write(`virnucpro: ${messageOf(error)}\n`);
    return EXIT_FAILURE;
  }
}

function levelOf({ skipLoad, deep }: ValidateFlags): ValidationLevel {
  if (skipLoad) return 'header';
  return deep ? 'deep' : 'structure';
}

function parseKeys(text: string): string[] {
  const keys = text.split(',').map((key) => key.trim());
  if (keys.some((key) => key === '')) {
    throw badArgument(`--require-keys ${JSON.stringify(text)}: expected names separated by commas, e.g. data,ids`);
  }
  return [...new Set(keys)];
}

async function printReport(report: FolderReport): Promise<void> {
  const { entries, malformed } = await readFailedCheckpoints(report.directory);
  process.stdout.write(formatReport(report, entries));
  if (malformed.length === 0) return;
  const lines = malformed.map(({ line }) => line).slice(0, MAX_LISTED_LINES);
  process.stderr.write(
    `virnucpro: failed_checkpoints.txt: passed over ${malformed.length} that are not path|reason|time (line ${lines.join(', ')})\n`,
  );
}

const MAX_LISTED_LINES = 10;

/** A folder that cannot be checked still gives the one document that a program waits for. */
function emptyReport(directory: string, level: ValidationLevel, error: unknown): FolderReport & { error: object } {
  const counts = { found: 0, valid: 0, failed: 0, inProgress: 0, unavailable: 0 };
  const described = { type: typeOf(error), message: messageOf(error) };
  return { schema: 1, directory, level, ...counts, checkpoints: [], error: described };
}

function badArgument(message: string): VirnucproError {
  return new VirnucproError(FailureType.RunInvalidInput, message);
}
