import { Command } from 'commander';
import { connectClient, connectionSettings, replayHistories } from '../client/index.ts';
import type { ReplayVerdict } from '../client/index.ts';
import { EXIT_FAILURE } from './exit.ts';
import { historiesOf, failedHistories } from './replay/find-histories.ts';
import { plural, printable } from './terminal.ts';

interface ReplayFlags {
  failed?: boolean;
  address?: string;
  namespace?: string;
}

/** `virnucpro replay`: would the code of this version decide as recorded histories say? */
export function replayCommand(): Command {
  return new Command('replay')
    .description('run the workflow code of this version against recorded histories; embeds nothing')
    .argument('[target...]', 'run folders, workflow ids or history files (JSON)')
    .option('--failed', 'runs and partitions of the server that failed, timed out, were terminated or are stuck')
    .option('--address <host:port>', 'Temporal server (default: TEMPORAL_ADDRESS, profile, or localhost:7233)')
    .option('--namespace <name>', 'namespace (default: TEMPORAL_NAMESPACE, profile, or default)')
    .addHelpText('after', HELP)
    .action(async (targets: string[], flags: ReplayFlags, command: Command) => {
      if (targets.length === 0 && !flags.failed) command.error('error: name a run folder, workflow id or history file, or give --failed');
      process.exitCode = await replay(targets, flags);
    });
}

const HELP = `
A run folder gives the histories that were stored in it when a run there did not end in success; without any, and for a
workflow id, they come from the server, those of all partitions included.

Exit codes: 0 all replay with the same decisions; 1 one does not, or nothing was found.

Examples:
  virnucpro replay run
  virnucpro replay virnucpro-0123456789ab
  virnucpro replay history.json
  virnucpro replay --failed --address temporal.example:7233`;

async function replay(targets: readonly string[], flags: ReplayFlags): Promise<number> {
  await quietRuntime();
  const connect = async (server: { address?: string; namespace?: string }) =>
    connectClient(connectionSettings({ ...server, ...explicit(flags) }));
  let same = 0;
  let different = 0;
  const tell = (verdict: ReplayVerdict) => {
    if (verdict.divergence === undefined) same++;
    else different++;
    process.stdout.write(describeVerdict(verdict));
  };
  for (const target of targets) {
    const before = same + different;
    for await (const verdict of replayHistories(historiesOf(target, connect))) tell(verdict);
    if (same + different === before) throw nothingFound(target);
  }
  if (flags.failed) for await (const verdict of replayHistories(failedHistories(connect))) tell(verdict);
  process.stdout.write(summaryLine(same, different));
  return same > 0 && different === 0 ? 0 : EXIT_FAILURE;
}
