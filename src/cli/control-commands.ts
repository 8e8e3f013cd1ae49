import { Command } from 'commander';
import { dataConverterOption, type DataConverterFlag } from './data-converter.ts';
import type { Control } from './control/control-run.ts';

/** `virnucpro pause|resume|cancel DIR`: act on the run that is open in a folder. */
export function controlCommands(): Command[] {
  return [
    control('pause', 'let running tasks of a run or prediction finish and start none'),
    control('resume', 'go on with a paused run or prediction'),
    control('cancel', 'stop a run or prediction; durable rows are kept and the next start goes on from there'),
  ];
}

function control(name: Control, description: string): Command {
  return new Command(name)
    .description(description)
    .argument('<dir>', 'folder of a run or a prediction')
    .addOption(dataConverterOption())
    .addHelpText('after', `\nExample:\n  virnucpro ${name} run`)
    .action(async (directory: string, flags: DataConverterFlag) => {
      const { controlRun } = await import('./control/control-run.ts');
      process.stdout.write(`${name}: asked ${await controlRun(directory, name, flags)}\n`);
    });
}
