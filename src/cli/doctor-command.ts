import { Command } from 'commander';
import * as path from 'node:path';
import { formatFindings } from './doctor/format-findings.ts';
import { EXIT_FAILURE } from './exit.ts';
import { printJson } from './terminal.ts';

interface DoctorFlags {
  address?: string;
  namespace?: string;
  json?: boolean;
}

/** `virnucpro doctor`: what is wrong around a run, and what to do about it. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check server, workers, storage and versions: what is wrong and what to do')
    .argument('[dir]', 'run folder, there or planned', '.')
    .option('--address <host:port>', 'Temporal server (default: TEMPORAL_ADDRESS, profile, or that of the run folder)')
    .option('--namespace <name>', 'namespace (default: TEMPORAL_NAMESPACE, profile, or default)')
    .option('--json', 'print one JSON document on stdout and nothing else')
    .addHelpText('after', HELP)
    .action(async (dir: string, { json, ...server }: DoctorFlags) => {
      const directory = path.resolve(dir);
      // Loaded here: the other commands start without a client of Temporal.
      const { examine } = await import('./doctor/examine.ts');
      const findings = await examine({ directory, ...server });
      const healthy = !findings.some(({ status }) => status === 'problem');
      if (json) printJson({ schema: 1, directory, healthy, findings });
      else process.stdout.write(formatFindings(findings));
      process.exitCode = healthy ? 0 : EXIT_FAILURE;
    });
}

const HELP = `
Writes a few bytes into a folder of its own inside the run folder, and removes them again.

Exit codes: 0 no problem (there may be warnings); 1 at least one problem.

Examples:
  virnucpro doctor
  virnucpro doctor run --json
  virnucpro doctor run --address temporal.example:7233`;
