import { Command, InvalidArgumentError, Option } from 'commander';
import { EMBEDDERS } from '../embedders/index.ts';
import { dataConverterOption } from './data-converter.ts';
import type { EmbedFlags } from './embed/embed-flags.ts';
import { otelOption } from './otel.ts';

/** `virnucpro embed`: starts a run, or goes on with the one that is there. */
export function embedCommand(): Command {
  return new Command('embed')
    .description('embed FASTA files into checkpoints, starting from what is already there')
    .argument('<input...>', 'FASTA files or folders of them (plain or gzip), or - for stdin')
    .requiredOption('--out <dir>', 'run folder: checkpoints, run.json and report.json go here')
    .addOption(
      new Option(
        '--embedder <name>',
        `what computes the rows: ${EMBEDDERS.map(({ name }) => name).join(', ')} (repeatable)`,
      )
        .argParser(collect)
        .makeOptionMandatory(),
    )
    .option('--embedder-option <[embedder:]key=value>', 'option of an embedder (repeatable)', collect, [])
    .option(
      '--random-init',
      'random weights in place of the trained ones of each model: a rehearsal, marked in run.json',
    )
    .option('--chunk-length <n>', 'cut sequences into overlapping windows of n letters', positiveInteger)
    .option(
      '--sequences-per-file <n>',
      'windows per checkpoint; longer inputs are split (default: 10000)',
      positiveInteger,
    )
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
    .addOption(otelOption())
    .addHelpText('after', HELP)
    .action(async (inputs: string[], flags: EmbedFlags) => {
      const { runEmbed } = await import('./embed/run-embed.ts');
      await exitWith(await runEmbed(inputs, flags));
    });
}

/**
 * Ends the process although its connection to the server is open. A connection that is closed under a request that the
 * SDK is about to try again (a long poll, when the user has asked to end) throws where nobody can catch it.
 */
async function exitWith(code: number): Promise<void> {
  process.exitCode = code;
  for (const stream of [process.stdout, process.stderr]) await new Promise((resolve) => stream.write('', resolve));
  process.exit();
}

const HELP = `
Embedders and their options:
${describeEmbedders()}

Without TEMPORAL_ADDRESS (or TEMPORAL_PROFILE) the command runs a Temporal server and workers of its own for this run
folder and stops them at the end. Start it again to go on after anything: checkpoints that are there are kept.

Examples:
  virnucpro embed genome.fa --out run --embedder kmer --chunk-length 500
  virnucpro embed contigs/ --recursive --out run --embedder kmer --json
  zcat reads.fa.gz | virnucpro embed - --out run --embedder kmer
  virnucpro embed contigs/ --out run --embedder kmer --on-bad-checkpoint recompute
  virnucpro embed contigs/ --out rehearsal --embedder fake --embedder-option delayMs=50
  virnucpro embed proteins.faa --out run --embedder esm2-8m --random-init`;

/** Embedders that have the same options share one list. */
function describeEmbedders(): string {
  const groups = new Map<(typeof EMBEDDERS)[number]['options'], string[]>();
  for (const { name, summary, options } of EMBEDDERS) {
    groups.set(options, [...(groups.get(options) ?? []), `  ${name}: ${summary}`]);
  }
  return [...groups].flatMap(([options, names]) => [...names, ...describeOptions(options)]).join('\n');
}

function describeOptions(options: Readonly<Record<string, string>>): string[] {
  return Object.entries(options).map(([key, meaning]) => `      ${key}: ${meaning}`);
}

function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

function positiveInteger(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('expected a whole number of at least 1');
  return number;
}
