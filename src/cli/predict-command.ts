import { Command, Option } from 'commander';
import { EMBEDDERS } from '../embedders/index.ts';
import { describeEmbedders } from './describe-embedders.ts';
import { exitWith } from './exit-with.ts';
import { addFolderOptions } from './folder-options.ts';
import { collect, positiveInteger } from './option-parsers.ts';
import type { PredictFlags } from './predict/predict-flags.ts';

/** `virnucpro predict`: starts a prediction, or goes on with the one that is there. */
export function predictCommand(): Command {
  const names = EMBEDDERS.map(({ name }) => name);
  const command = new Command('predict')
    .description('predict which contigs are viral: chunks, six frames, embeddings, classification, consensus')
    .argument('<input...>', 'nucleotide FASTA files or folders of them (plain or gzip), or - for stdin')
    .option('-o, --out <dir>', 'output folder (default: {stem}_predictions, for one input)')
    .addOption(new Option('--output-dir <dir>', 'the same').hideHelp())
    .requiredOption('--model <file>', 'classifier: 300_model.pth, 500_model.pth, or one in safetensors')
    .option(
      '--expected-length <n>',
      "letters of a chunk (default: what the model's file name says, else 500)",
      positiveInteger,
    )
    .addOption(
      new Option('--nucleotide-embedder <name>', 'what computes the rows of nucleotides')
        .choices(names)
        .default('dnabert-s'),
    )
    .addOption(
      new Option('--protein-embedder <name>', 'what computes the rows of proteins').choices(names).default('esm2-3b'),
    )
    .option('--nucleotide-option <key=value>', 'option of the nucleotide embedder (repeatable)', collect, [])
    .option('--protein-option <key=value>', 'option of the protein embedder (repeatable)', collect, [])
    .option(
      '--random-init',
      'random weights in place of the trained ones of each model: a rehearsal, marked in run.json',
    )
    .option(
      '--sequences-per-file <n>',
      'sequences per split file and checkpoint (default: as the folder has it, else 10000)',
      positiveInteger,
    )
    .option('--keep-intermediate', 'keep the split FASTA files after a success');
  return addFolderOptions(command)
    .addHelpText('after', HELP)
    .action(async (inputs: string[], flags: PredictFlags) => {
      const { runPredict } = await import('./predict/run-predict.ts');
      await exitWith(await runPredict(inputs, flags));
    });
}

const HELP = `
Embedders and their options:
${describeEmbedders()}

Without TEMPORAL_ADDRESS (or TEMPORAL_PROFILE) the command runs a Temporal server and workers of its own for this output
folder and stops them at the end. Start it again to go on after anything: what is there and right is kept. A folder that
VirNucPro itself has left behind is taken up as it is.

Examples:
  virnucpro predict contigs.fa --model 500_model.pth
  virnucpro predict a.fa b.fa.gz -o predictions --model 500_model.pth --json
  zcat contigs.fa.gz | virnucpro predict - -o predictions --model 500_model.pth
  virnucpro predict contigs.fa --model 500_model.pth --dry-run
  virnucpro predict contigs.fa --model 500_model.pth --random-init`;
