import { Command } from 'commander';
import { abortOnSignals } from './convert/abort-on-signals.ts';
import { exitCodeOf, messageOf, typeOf } from './exit.ts';
import type { ImportedModel } from './import-model/import-model.ts';
import { bytesText, plural, printable, printJson } from './terminal.ts';

/** `virnucpro import-model IN.pth OUT.safetensors`: a classifier without its pickle; the input stays as it is. */
export function importModelCommand(): Command {
  return new Command('import-model')
    .description(
      'copy a VirNucPro classifier (.pth) into a safetensors file; without Python, nothing of it is executed',
    )
    .argument('<in.pth>', 'whole model, state dict or safetensors file; stays as it is')
    .argument('<out.safetensors>', 'file to make; never replaced')
    .option('--json', 'print one JSON document on stdout and nothing else')
    .addHelpText('after', HELP)
    .action(async (input: string, output: string, flags: { json?: boolean }) => {
      process.exitCode = await importModel(input, output, flags.json ?? false);
    });
}

const HELP = `
The classifier is checked as predict checks it: layers, shapes, finite values. Its tensors are written as float32 under the
names of the state dict; metadata: eps of the batch normalization, format and SHA-256 of the input.

Exit codes: 0 imported, or the same content was there already; 3 the input is corrupted or no classifier of VirNucPro, or
another file has the name; 1 otherwise; 130 Ctrl-C, 143 SIGTERM, with nothing left behind.

Example:
  virnucpro import-model 500_model.pth 500_model.safetensors`;

async function importModel(input: string, output: string, asJson: boolean): Promise<number> {
  const stop = abortOnSignals();
  try {
    const { importClassifier } = await import('./import-model/import-model.ts');
    const imported = await importClassifier(input, output, stop.signal);
    if (asJson) printJson({ schema: 1, ...imported });
    else process.stdout.write(textOf(imported));
    return 0;
  } catch (error) {
    const message = stop.exitCode === undefined ? messageOf(error) : `${output}: stopped, nothing was written`;
    if (asJson) printJson({ schema: 1, input, output, error: { type: typeOf(error), message } });
    process.stderr.write(`virnucpro: ${printable(message)}\n`);
    return stop.exitCode ?? exitCodeOf(error);
  } finally {
    stop.end();
  }
}

const FORMATS = { module: 'whole model', 'state-dict': 'state dict', safetensors: 'safetensors' } as const;

/** What was found and what was written, for people. */
function textOf(imported: ImportedModel): string {
  const { input, output, outcome, format, features, hidden, classes, dtype, eps, bytes, notes } = imported;
  const layers = `${plural(features, 'feature')}, ${plural(hidden, 'hidden unit')}, ${classes} classes`;
  const kept = outcome === 'existing' ? '; was there already, with the same content' : '';
  return (
    `${printable(input)}: ${FORMATS[format]}, ${layers}, ${dtype}, eps ${eps}\n` +
    `${printable(output)}: ${bytesText(bytes)}${kept}\n` +
    notes.map((note) => `note: ${printable(note)}\n`).join('')
  );
}
