import { Command } from 'commander';
import type { ConvertResult } from '../checkpoint/index.ts';
import { convertCheckpoint } from '../checkpoint/index.ts';
import { formatConversion } from './convert/format-conversion.ts';
import { abortOnSignals } from './convert/abort-on-signals.ts';
import { exitCodeOf, messageOf, typeOf } from './exit.ts';
import { printJson } from './terminal.ts';

/** `virnucpro convert IN.pt OUT`: copies a checkpoint into another format; the input stays as it is. */
export function convertCommand(): Command {
  return new Command('convert')
    .description('copy a checkpoint into one of version 1.0, a NumPy array or a safetensors file; without Python')
    .argument('<in.pt>', 'checkpoint of any kind and version; stays as it is')
    .argument('<out>', 'file to make: what it ends in decides (.pt, .npy, .safetensors); never replaced')
    .option('--json', 'print one JSON document on stdout and nothing else')
    .addHelpText('after', HELP)
    .action(async (input: string, output: string, flags: { json?: boolean }) => {
      process.exitCode = await convert(input, output, flags.json ?? false);
    });
}

const HELP = `
  OUT.pt           a checkpoint of version 1.0 and of the same kind (a batch becomes vectors, or merged)
  OUT.npy          C-order array [rows, dim]; the ids go to OUT.ids.txt beside it, one a line, in row order
  OUT.safetensors  tensor "data" [rows, dim]; metadata: ids (a JSON array), kind, version, source

Values are float32; float64 in .npy and .safetensors where a value is not exactly a float32 (in .pt it is rounded, with
a warning). The input is checked deep first, its ids and rows are all copied, in order, or nothing is.

Exit codes: 0 converted, or the same content was there already; 3 the input is corrupted, incompatible or in progress, or
another file has the name; 1 otherwise; 130 Ctrl-C, 143 SIGTERM, with nothing left behind.

Examples:
  virnucpro convert old/genome_merged.pt new/genome_merged.pt
  virnucpro convert run/genome_ESM.pt genome.npy
  virnucpro convert run/genome_KMER.pt genome.safetensors --json`;

async function convert(input: string, output: string, asJson: boolean): Promise<number> {
  const stop = abortOnSignals();
  try {
    const result = await convertCheckpoint(input, output, { signal: stop.signal });
    if (asJson) printJson(documentOf(result));
    else process.stdout.write(formatConversion(result));
    for (const warning of result.warnings ?? []) process.stderr.write(`virnucpro: warning: ${warning}\n`);
    return 0;
  } catch (error) {
    const message = stop.exitCode === undefined ? messageOf(error) : `${output}: stopped, nothing was written`;
    if (asJson) printJson({ schema: 1, input, output, error: { type: typeOf(error), message } });
    process.stderr.write(`virnucpro: ${message}\n`);
    return stop.exitCode ?? exitCodeOf(error);
  } finally {
    stop.end();
  }
}

/** Fields may be added, not changed. */
function documentOf(result: ConvertResult): object {
  return { schema: 1, ...result };
}
