import { Command, Option } from 'commander';
import * as path from 'node:path';
import { dataConverterOption, type DataConverterFlag } from './data-converter.ts';
import { diagnose } from './doctor/diagnose.ts';
import { formatFindings } from './doctor/format-findings.ts';
import { EXIT_FAILURE } from './exit.ts';
import { collectEmbedder } from './option-parsers.ts';
import { printJson } from './terminal.ts';

interface DoctorFlags extends DataConverterFlag {
  address?: string;
  namespace?: string;
  embedder?: string[];
  weights?: string;
  json?: boolean;
}

/** `virnucpro doctor`: what is wrong around a run, and what to do about it. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'check server, workers, clocks, storage, versions, and Python and GPUs for models: what is wrong and what to do',
    )
    .argument('[dir]', 'folder of a run or a prediction, there or planned', '.')
    .option('--address <host:port>', 'Temporal server (default: TEMPORAL_ADDRESS, profile, or that of the run folder)')
    .option('--namespace <name>', 'namespace (default: TEMPORAL_NAMESPACE, profile, or default)')
    .addOption(
      new Option(
        '--embedder <name>',
        'model that this machine is to serve: what it lacks is a problem (repeatable)',
      ).argParser(collectEmbedder),
    )
    .option('--weights <folder>', 'where its weights are, or a Hugging Face id (default: the Hugging Face cache)')
    .addOption(dataConverterOption())
    .option('--json', 'print one JSON document on stdout and nothing else')
    .addHelpText('after', HELP)
    .action(async (dir: string, { json, embedder, ...flags }: DoctorFlags) => {
      const directory = path.resolve(dir);
      // Loaded here: the other commands start without a client of Temporal.
      const { examine } = await import('./doctor/examine.ts');
      const findings = await examine({
        directory,
        ...flags,
        ...(embedder === undefined ? {} : { embedders: embedder }),
      });
      const diagnosis = diagnose(directory, findings);
      if (json) printJson(diagnosis);
      else process.stdout.write(formatFindings(findings));
      process.exitCode = diagnosis.healthy ? 0 : EXIT_FAILURE;
    });
}

const HELP = `
Writes a few bytes into a folder of its own inside the run folder, and removes them again. Polls a queue of its own on the
server for an instant, to compare clocks. Changes nothing else.

Exit codes: 0 no problem (there may be warnings); 1 at least one problem.

Examples:
  virnucpro doctor
  virnucpro doctor run --json
  virnucpro doctor --embedder esm2-3b
  virnucpro doctor run --address temporal.example:7233`;
