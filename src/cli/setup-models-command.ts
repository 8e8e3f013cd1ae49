import { Command, InvalidArgumentError, Option } from 'commander';
import { collect } from './option-parsers.ts';

interface SetupFlags {
  python?: string;
  indexUrl?: string;
  torch?: string;
  extra?: string[];
}

/** `virnucpro setup-models`: the Python environment that the model embedders need. */
export function setupModelsCommand(): Command {
  return new Command('setup-models')
    .description('make the Python environment of the model embedders (ESM-2, DNABERT-S), or complete it')
    .option('--python <command>', 'Python to make it with, 3.10 or newer (default: the first on PATH)')
    .option('--index-url <url>', "package index (default: pip's own settings)")
    .addOption(new Option('--torch <version>', 'exact version of torch (default: 2.9.1)').argParser(torchVersion))
    .addOption(
      new Option('--extra <name>', 'optional dependencies, too: test, reference, dev (repeatable)').argParser(collect),
    )
    .addHelpText('after', HELP)
    .action(async ({ extra, ...flags }: SetupFlags) => {
      const { setUpModels } = await import('./setup-models/setup-models.ts');
      const { describeSetup } = await import('./setup-models/describe-setup.ts');
      const log = (line: string) => void process.stderr.write(`${line}\n`);
      const probed = await setUpModels({ ...flags, ...(extra === undefined ? {} : { extras: extra }), log });
      process.stdout.write(describeSetup(probed));
    });
}

function torchVersion(value: string): string {
  if (/^\d+\.\d+(?:\.\d+)?(?:[a-z+.][\w.+]*)?$/u.test(value)) return value;
  throw new InvalidArgumentError('expected a version, e.g. 2.9.1');
}

const HELP = `
Makes a virtual environment in $XDG_DATA_HOME/virnucpro/python (~/.local/share/virnucpro/python) and installs torch and what
else the models need: a download of about 3 GB with CUDA, 8 GB of disk. Needs Python with its venv module, nothing else. May be
called again at any time: it goes on after a kill, and does nothing where nothing is missing. Weights are not part of it.

Examples:
  virnucpro setup-models
  virnucpro setup-models --python python3.12 --torch 2.8.0
  virnucpro setup-models --index-url URL     an index of builds for the CPU only: 1 GB instead of 8`;
