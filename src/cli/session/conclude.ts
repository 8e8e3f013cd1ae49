import { messageOf } from '../exit.ts';
import type { DocumentError } from './error-of-outcome.ts';

/** What a command ends with. */
export interface Concluded {
  /** What `--json` prints. */
  document: { exitCode: number; error?: DocumentError };
  /** What people read on stdout. */
  text(): string;
}

/** Runs a command to its exit code. Its result goes to stdout, everything else to stderr. */
export async function conclude(
  asJson: boolean,
  run: () => Promise<Concluded>,
  documentOfError: (error: unknown) => Concluded['document'],
): Promise<number> {
  try {
    const { document, text } = await run();
    process.stdout.write(asJson ? `${JSON.stringify(document)}\n` : text());
    if (asJson && document.error !== undefined) complain(document.error.message);
    return document.exitCode;
  } catch (error) {
    const document = documentOfError(error);
    if (asJson) process.stdout.write(`${JSON.stringify(document)}\n`);
    complain(messageOf(error));
    return document.exitCode;
  }
}

function complain(message: string): void {
  process.stderr.write(`virnucpro: ${message}\n`);
}
