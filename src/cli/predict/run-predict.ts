import { describeSides } from '../../prediction/sides.ts';
import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { conclude, type Concluded } from '../session/conclude.ts';
import { requirePossible } from '../session/require-possible.ts';
import { Session } from '../session/session.ts';
import { withStdinSpooled } from '../session/stdin-inputs.ts';
import { describeResult } from './describe-result.ts';
import { describeDryRun, dryRun } from './dry-run.ts';
import type { PredictFlags } from './predict-flags.ts';
import { PredictJob } from './predict-job.ts';
import { resultOfError } from './predict-result.ts';
import { outputFolder, predictionOptions } from './prediction-options.ts';

/** Runs `virnucpro predict` from arguments to exit code. Results go to stdout, everything else to stderr. */
export async function runPredict(inputs: readonly string[], flags: PredictFlags): Promise<number> {
  const startedAt = Date.now();
  let out: string | null = null;
  const run = async (): Promise<Concluded> => {
    requirePossible(flags);
    out = outputFolder(inputs, flags);
    const asked = predictionOptions(inputs, out, flags);
    const check = () => void describeSides(asked);
    const spooled = await withStdinSpooled(inputs, asked.directory, flags.dryRun === true, check);
    const options = predictionOptions(spooled, out, flags);
    if (flags.dryRun === true) {
      const planned = await dryRun(options);
      return { document: planned, text: () => describeDryRun(planned) };
    }
    const document = await new Session(new PredictJob(options, out, startedAt), flags, startedAt).run();
    return { document, text: () => describeResult(document) };
  };
  const documentOfError = (error: unknown) => resultOfError(error, { workflowId: null, directory: out, startedAt });
  return conclude(flags.json === true, run, documentOfError);
}

/** The document of `predict --json` for arguments that commander refuses. */
export function printRefusal(error: Error): void {
  const refusal = new VirnucproError(FailureType.RunInvalidInput, error.message);
  const result = resultOfError(refusal, { workflowId: null, directory: null, startedAt: Date.now() });
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
