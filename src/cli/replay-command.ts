import { Command } from 'commander';
import { dataConverterOption } from './data-converter.ts';
import type { ReplayFlags } from './replay/run-replay.ts';

/** `virnucpro replay`: does the code of this version decide as recorded histories say? */
export function replayCommand(): Command {
  return new Command('replay')
    .description('run the workflow code of this version against recorded histories; embeds nothing')
    .argument('[target...]', 'run folders, workflow ids or history files (JSON)')
    .option(
      '--failed',
      'runs, partitions and predictions that failed, timed out, were terminated or are stuck, from the server',
    )
    .option('--address <host:port>', 'Temporal server (default: TEMPORAL_ADDRESS, profile, or localhost:7233)')
    .option('--namespace <name>', 'namespace (default: TEMPORAL_NAMESPACE, profile, or default)')
    .addOption(dataConverterOption())
    .addHelpText('after', HELP)
    .action(async (targets: string[], flags: ReplayFlags, command: Command) => {
      if (targets.length === 0 && !flags.failed) {
        command.error('error: name a run folder, a workflow id or a history file, or give --failed');
      }
      // Loaded here: the other commands start without it.
      const { runReplay } = await import('./replay/run-replay.ts');
      process.exitCode = await runReplay(targets, flags);
    });
}

const HELP = `
A run folder gives the histories that the server knows, those of all child workflows included, and those that were stored
in the folder when a run there did not end in success: servers forget closed workflows. A workflow id is asked of the server.
Where a history parts, the event is named, with what was recorded and what the code does instead.

Exit codes: 0 all replay with the same decisions; 1 one does not, or nothing was found.

Examples:
  virnucpro replay run
  virnucpro replay virnucpro-0123456789ab
  virnucpro replay history.json
  virnucpro replay --failed --address temporal.example:7233`;
