import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { FailureType } from '../contract/failure-types.ts';
import type { Offender } from '../contract/outcome.ts';
import type { EmbeddingRunInput } from '../contract/run-request.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import {
  findInputs,
  scanFile,
  type FilePart,
  type InputFile,
  type InputSummary,
  type ScanOptions,
} from '../sequences/index.ts';
import { sha256Hex } from './stored-document.ts';
import { mapLimited } from './limited.ts';
import { internal } from './run-folder.ts';

/** Reading inputs is bound by one core's parsing; a few at a time hide the latency of opening small files. */
const INPUTS_AT_ONCE = 8;
/** Errors are listed for people; beyond this many the rest is counted. */
const MAX_LISTED_ERRORS = 20;

export type InputsOfRequest = Pick<
  EmbeddingRunInput,
  'directory' | 'inputs' | 'inputsFile' | 'recursive' | 'chunkLength' | 'sequencesPerFile'
> &
  Pick<ScanOptions, 'emptyRecords' | 'idSuffixBytes'>;

/** The FASTA files that a request names. */
export async function inputFiles(request: InputsOfRequest): Promise<InputFile[]> {
  const named = request.inputs ?? (await listedInputs(request));
  return findInputs(named, { recursive: request.recursive ?? false, exclude: request.directory });
}

async function listedInputs({ directory, inputsFile }: InputsOfRequest): Promise<string[]> {
  if (inputsFile === undefined) return [];
  const content = await fs.readFile(path.join(directory, inputsFile), 'utf8');
  if (!inputsFile.includes(sha256Hex(content))) {
    throw new VirnucproError(
      FailureType.RunInvalidInput,
      `${inputsFile} in ${directory} was changed on disk: start again`,
    );
  }
  return content.split('\n').filter((line) => line !== '');
}

/** Writes a long list of inputs where every worker reads it, and returns its path relative to DIR. */
export function inputsListing(inputs: readonly string[]): { name: string; content: string } {
  const content = inputs.map((input) => `${input}\n`).join('');
  return { name: path.posix.join(internal.inputs, `${sha256Hex(content)}.txt`), content };
}

export const DEFAULT_SEQUENCES_PER_FILE = 10_000;

export interface ScannedInput extends InputFile {
  summary: InputSummary;
  parts: Omit<FilePart, 'ids'>[];
}

/**
 * Reads every input once. All that cannot be used are listed in one error.
 *
 * @throws VirnucproError `RunError.InvalidInput`
 */
export async function scanInputs(
  files: readonly InputFile[],
  request: InputsOfRequest,
  signal: AbortSignal,
): Promise<ScannedInput[]> {
  const errors: string[] = [];
  const scanned = await mapLimited(files, INPUTS_AT_ONCE, async (file) => {
    try {
      const parts: ScannedInput['parts'] = [];
      const summary = await scanFile(file.path, {
        chunkLength: request.chunkLength,
        sequencesPerFile: request.sequencesPerFile ?? DEFAULT_SEQUENCES_PER_FILE,
        emptyRecords: request.emptyRecords,
        idSuffixBytes: request.idSuffixBytes,
        signal,
        onPart: (found) => {
          const { ids: _, ...part } = found;
          parts.push(part);
        },
      });
      return { ...file, summary, parts };
    } catch (error) {
      if (!(error instanceof VirnucproError) || error.type !== FailureType.RunInvalidInput) throw error;
      errors.push(error.message);
      return undefined;
    }
  });
  if (errors.length > 0) throw new InputErrors(errors);
  return scanned.filter((input) => input !== undefined);
}

/** Every input that cannot be used, in one error. */
export class InputErrors extends VirnucproError {
  readonly errors: readonly string[];

  constructor(errors: readonly string[]) {
    const listed = errors.slice(0, MAX_LISTED_ERRORS).join('\n');
    const more = errors.length > MAX_LISTED_ERRORS ? `\n… and ${errors.length - MAX_LISTED_ERRORS} more` : '';
    super(FailureType.RunInvalidInput, `${listed}${more}`, { offenders: errors.map(offenderOf) });
    this.errors = errors;
  }
}

/** @param line `{file}: {reason}` */
function offenderOf(line: string): Offender {
  const at = line.indexOf(': ');
  return { path: line.slice(0, Math.max(at, 0)), reason: line.slice(at < 0 ? 0 : at + 2) };
}

/** Deepest folder that holds all files. */
export function commonRoot(files: readonly string[]): string {
  const [first = '/', ...rest] = files.map((file) => path.dirname(file));
  return rest.reduce((root, folder) => {
    let common = root;
    while (folder !== common && !folder.startsWith(common === '/' ? '/' : `${common}/`)) common = path.dirname(common);
    return common;
  }, first);
}
