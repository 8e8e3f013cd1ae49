#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { controlCommands } from './control-commands.ts';
import { convertCommand } from './convert-command.ts';
import { doctorCommand } from './doctor-command.ts';
import { embedCommand } from './embed-command.ts';
import { EXIT_FAILURE, exitCodeOf, messageOf } from './exit.ts';
import { importModelCommand } from './import-model-command.ts';
import { inspectCommand } from './inspect-command.ts';
import { predictCommand } from './predict-command.ts';
import { replayCommand } from './replay-command.ts';
import { reportCommand } from './report-command.ts';
import { setupModelsCommand } from './setup-models-command.ts';
import { validateCommand } from './validate-command.ts';
import { packageVersion } from '../platform/package-facts.ts';
import { workerCommand } from './worker-command.ts';

const program = new Command('virnucpro')
  .description(
    'Durable predictions and embedding runs for VirNucPro on Temporal, with checkpoints that are checked at every step',
  )
  .version(packageVersion())
  .showHelpAfterError('(add --help for the options)')
  .exitOverride()
  .addHelpText(
    'after',
    `
Exit codes: 0 success, 1 failed (bad arguments, no input, no server), 2 finished with holes, 3 stopped on a checkpoint,
            130 cancelled with Ctrl-C, 143 ended by SIGTERM (the run can be taken up again)

Examples:
  virnucpro predict contigs.fa --model 500_model.pth
  virnucpro embed genome.fa --out run --embedder kmer --chunk-length 500
  virnucpro validate-checkpoints run --deep
  virnucpro doctor`,
  );

for (const command of [
  predictCommand(),
  embedCommand(),
  validateCommand(),
  inspectCommand(),
  convertCommand(),
  importModelCommand(),
  reportCommand(),
  workerCommand(),
  setupModelsCommand(),
  ...controlCommands(),
  replayCommand(),
  doctorCommand(),
]) {
  program.addCommand(command.exitOverride());
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // commander has printed help or what is wrong with the arguments.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_FAILURE;
    const [name, ...args] = process.argv.slice(2);
    if (error.exitCode !== 0 && args.includes('--json')) {
      if (name === 'embed') (await import('./embed/run-embed.ts')).printRefusal(error);
      if (name === 'predict') (await import('./predict/run-predict.ts')).printRefusal(error);
    }
  } else {
    process.stderr.write(`virnucpro: ${messageOf(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
