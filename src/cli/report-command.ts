import * as path from 'node:path';
import { Command } from 'commander';
import { EXIT_FAILURE, messageOf } from './exit.ts';
import { printable, printJson } from './terminal.ts';

/** `virnucpro report DIR`: makes report.html of a run or a prediction anew. */
export function reportCommand(): Command {
  return new Command('report')
    .description('make report.html of a run or a prediction anew, from what is on disk')
    .argument('<dir>', 'folder of a run or a prediction, with a report.json')
    .option('--json', 'print one JSON document on stdout and nothing else')
    .addHelpText('after', HELP)
    .action(async (directory: string, flags: { json?: boolean }) => {
      process.exitCode = await report(directory, flags.json ?? false);
    });
}

const HELP = `
A run makes the page itself when it ends. This makes it again: for runs of earlier versions, or after the folder was moved.
It reads report.json, the timeline and rows of the checkpoints, or the contigs of a prediction, and changes nothing but report.html.

Exit codes: 0 made; 1 not made.

Example:
  virnucpro report run`;

async function report(directory: string, asJson: boolean): Promise<number> {
  const { makeReportPage } = await import('../report/index.ts');
  try {
    const page = await makeReportPage(path.resolve(directory));
    if (asJson) printJson({ schema: 1, directory, page });
    else process.stdout.write(`${printable(page)}\n`);
    return 0;
  } catch (error) {
    const message = messageOf(error);
    if (asJson) printJson({ schema: 1, directory, page: null, error: { message } });
    process.stderr.write(`virnucpro: ${printable(message)}\n`);
    return EXIT_FAILURE;
  }
}
