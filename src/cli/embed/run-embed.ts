import { checkEmbedders } from '../../client/prepare-run.ts';
import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { conclude, type Concluded } from '../session/conclude.ts';
import { requirePossible } from '../session/require-possible.ts';
import { Session } from '../session/session.ts';
import { withStdinSpooled } from '../session/stdin-inputs.ts';
import { describeDryRun, dryRun } from './dry-run.ts';
import type { EmbedFlags } from './embed-flags.ts';
import { EmbedJob } from './embed-job.ts';
import { describeResult, resultOfError } from './embed-result.ts';
import { runOptions } from './run-options.ts';

/** Runs `virnucpro embed` from arguments to exit code. Results go to stdout, everything else to stderr. */
export async function runEmbed(inputs: readonly string[], flags: EmbedFlags): Promise<number> {
  const startedAt = Date.now();
  const run = async (): Promise<Concluded> => {
    requirePossible(flags);
    const { directory, embedders } = runOptions(inputs, flags);
    const check = () => checkEmbedders(embedders);
    const spooled = await withStdinSpooled(inputs, directory, flags.dryRun === true, check);
    const options = runOptions(spooled, flags);
    if (flags.dryRun === true) {
      const planned = await dryRun(options);
      return { document: planned, text: () => describeDryRun(planned) };
    }
    const document = await new Session(new EmbedJob(options, flags.out, startedAt), flags, startedAt).run();
    return { document, text: () => describeResult(document, flags.out) };
  };
  return conclude(flags.json === true, run, (error) => resultOfError(error, { workflowId: null, startedAt }));
}

/** The document of `embed --json` for arguments that commander refuses. */
export function printRefusal(error: Error): void {
  const refusal = new VirnucproError(FailureType.RunInvalidInput, error.message);
  const result = resultOfError(refusal, { workflowId: null, startedAt: Date.now() });
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
