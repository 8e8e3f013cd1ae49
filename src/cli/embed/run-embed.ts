import * as path from 'node:path';
import { checkEmbedders } from '../../client/prepare-run.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { FailureType } from '../../contract/failure-types.ts';
import { internal } from '../../run/run-folder.ts';
import { openManifest } from '../../run/manifest.ts';
import { spoolStdin } from '../../sequences/index.ts';
import { configuredServer } from '../../server/index.ts';
import type { EmbedFlags } from './embed-flags.ts';
import { messageOf } from '../exit.ts';
import { describeDryRun, dryRun } from './dry-run.ts';
import { EmbedSession } from './embed-session.ts';
import { describeResult, resultOfError, type EmbedResult } from './embed-result.ts';
import { runOptions } from './run-options.ts';

/** Runs `virnucpro embed` from arguments to exit code. Results go to stdout, everything else to stderr. */
export async function runEmbed(inputs: readonly string[], flags: EmbedFlags): Promise<number> {
  const startedAt = Date.now();
  try {
    requirePossible(flags);
    const options = runOptions(await withStdinSpooled(inputs, flags), flags);
    if (flags.dryRun === true) {
      const planned = await dryRun(options);
      process.stdout.write(flags.json === true ? `${JSON.stringify(planned)}\n` : describeDryRun(planned));
      return planned.exitCode;
    }
    const result = await new EmbedSession(options, flags, startedAt).run();
    print(result, flags);
    if (flags.json === true && result.error !== undefined) complain(result.error.message);
    return result.exitCode;
  } catch (error) {
    const result = resultOfError(error, { workflowId: null, startedAt });
    if (flags.json === true) print(result, flags);
    complain(messageOf(error));
    return result.exitCode;
  }
}

/** The document of `embed --json` for arguments that commander refuses. */
export function printRefusal(error: Error): void {
  const refusal = new VirnucproError(FailureType.RunInvalidInput, error.message);
  const result = resultOfError(refusal, { workflowId: null, startedAt: Date.now() });
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

function complain(message: string): void {
  process.stderr.write(`virnucpro: ${message}\n`);
}

function print(result: EmbedResult, { json, out }: EmbedFlags): void {
  process.stdout.write(json === true ? `${JSON.stringify(result)}\n` : describeResult(result, out));
}

function requirePossible(flags: EmbedFlags): void {
  if (flags.detach !== true || configuredServer(process.env) !== undefined) return;
  throw new VirnucproError(
    FailureType.RunInvalidInput,
    '--detach needs a server that outlives this command: set TEMPORAL_ADDRESS (and start workers with virnucpro worker)',
  );
}

/** Standard input can be read once only; a run may have to read its inputs more often. */
async function withStdinSpooled(inputs: readonly string[], flags: EmbedFlags): Promise<string[]> {
  if (!inputs.includes('-')) return [...inputs];
  if (flags.dryRun === true) {
    throw new VirnucproError(
      FailureType.RunInvalidInput,
      '--dry-run writes nothing, so it cannot read from stdin: name a file',
    );
  }
  const { directory, embedders } = runOptions(inputs, flags);
  checkEmbedders(embedders);
  await openManifest(directory);
  const spooled = await spoolStdin(process.stdin, path.join(directory, internal.inputs));
  return inputs.map((input) => (input === '-' ? spooled : input));
}
