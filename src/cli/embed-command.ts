import { Command, Option } from 'commander';
import { EMBEDDERS } from '../embedders/index.ts';
import { describeEmbedders } from './describe-embedders.ts';
import type { EmbedFlags } from './embed/embed-flags.ts';
import { exitWith } from './exit-with.ts';
import { addFolderOptions } from './folder-options.ts';
import { collect, positiveInteger } from './option-parsers.ts';

/** `virnucpro embed`: starts a run, or goes on with the one that is there. */
export function embedCommand(): Command {
  const command = new Command('embed')
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
    );
  return addFolderOptions(command)
    .addHelpText('after', HELP)
    .action(async (inputs: string[], flags: EmbedFlags) => {
      const { runEmbed } = await import('./embed/run-embed.ts');
      await exitWith(await runEmbed(inputs, flags));
    });
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
