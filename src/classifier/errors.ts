import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';

/** The bytes contradict themselves. */
export function corrupted(path: string, text: string, options?: ErrorOptions): VirnucproError {
  return new VirnucproError(FailureType.CheckpointCorrupted, `${path}: corrupted: ${text}`, options);
}

/** Sound bytes of something that is not a classifier of VirNucPro. */
export function incompatible(path: string, text: string, options?: ErrorOptions): VirnucproError {
  return new VirnucproError(FailureType.CheckpointIncompatible, `${path}: incompatible: ${text}`, options);
}

const NOT_THERE: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'a folder, not a file',
  EACCES: 'may not be read',
  EPERM: 'may not be read',
};

/** What a system call said about the file. */
export function notRead(path: string, error: unknown): VirnucproError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const text = Object.hasOwn(NOT_THERE, code) ? NOT_THERE[code] : undefined;
  if (text !== undefined) return notAFile(path, `${text} (${code})`, { cause: error });
  const reason = `${path}: unavailable: ${(error as Error).message}`;
  return new VirnucproError(FailureType.CheckpointUnavailable, reason, { cause: error });
}

export function notAFile(path: string, text: string, options?: ErrorOptions): VirnucproError {
  const wanted = 'expected the classifier of VirNucPro, e.g. 500_model.pth';
  return new VirnucproError(FailureType.RunInvalidInput, `${path}: ${text}, ${wanted}`, options);
}

/** A name out of a file: short, on one line, in quotes. */
export function quote(name: string): string {
  return JSON.stringify(name.slice(0, 80));
}
