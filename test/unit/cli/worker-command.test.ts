import { CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { workerCommand } from '../../../src/cli/worker-command.ts';

/** Why the command refuses these arguments. */
async function refusal(args: readonly string[]): Promise<string> {
  let said = '';
  const command = workerCommand().exitOverride();
  command.configureOutput({ writeErr: (text) => void (said += text) });
  await expect(command.parseAsync([...args], { from: 'user' })).rejects.toBeInstanceOf(CommanderError);
  return said;
}

describe('virnucpro worker: arguments', () => {
  const GPU = ['--role', 'gpu', '--embedder', 'fake'];

  test.each([
    [[...GPU, '--gpus', '0,0'], 'GPU 0 is named twice'],
    [[...GPU, '--gpus', 'first'], 'got "first"'],
    [['--role', 'io', '--embedder', 'fake', '--gpus', '0'], '--gpus is for --role gpu, not --role io'],
    [['--embedder', 'fake', '--gpus', '0'], '--gpus is for --role gpu, not --role all'],
    [['--role', 'gpu', '--gpus', '0'], '--gpus needs --embedder'],
    [['--embedder', 'nucleus'], 'expected one of kmer, fake'],
    [['--slots', '0'], 'expected a whole number of at least 1'],
  ])('%j → refused: %s', async (args, message) => expect(await refusal(args)).toContain(message));
});
