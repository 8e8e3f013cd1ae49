import type { DataConverter } from '@temporalio/common';
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';

/**
 * Loads a Temporal data converter: the default export of a module, or its export `dataConverter`.
 *
 * @param module path of a file, or name of a package (as `require` would find it from `folder`)
 * @param folder what a relative path starts from. @default the working directory
 * @throws VirnucproError `RunError.InvalidInput` saying what is missing or wrong
 */
export async function loadDataConverter(module: string, folder: string = process.cwd()): Promise<DataConverter> {
  const file = findModule(module, folder);
  let loaded: Readonly<Record<string, unknown>>;
  try {
    loaded = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw badConverter(module, `cannot be loaded: ${(error as Error).message}`, error);
  }
  return checkedConverter(module, converterIn(loaded));
}

function findModule(module: string, folder: string): string {
  const file = path.resolve(folder, module);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === true) return file;
  const isPath = /^\.{0,2}\//u.test(module) || /\.[cm]?js$/u.test(module);
  if (isPath) throw badConverter(module, `is no file (looked at ${file})`);
  try {
    return createRequire(path.join(folder, 'noop.js')).resolve(module);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isHidden = code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
    const reason = isHidden ? 'its exports have nothing for require: name its file' : message.split('\n')[0];
    throw badConverter(
      module,
      `is neither a file in ${folder} nor a package that is installed there (${reason})`,
      error,
    );
  }
}

/** A CommonJS module arrives as the default export of itself. */
function converterIn(loaded: Readonly<Record<string, unknown>>): unknown {
  const inner = loaded['default'] as { default?: unknown; dataConverter?: unknown } | undefined;
  return loaded['dataConverter'] ?? inner?.dataConverter ?? inner?.default ?? inner;
}

const FIELDS = ['payloadConverterPath', 'failureConverterPath', 'payloadCodecs', 'externalStorage'];

function checkedConverter(module: string, converter: unknown): DataConverter {
  if (typeof converter !== 'object' || converter === null) {
    throw badConverter(
      module,
      `exports ${converter === undefined ? 'none' : `a ${typeof converter}`} as default or as dataConverter`,
    );
  }
  if (!FIELDS.some((field) => Object.hasOwn(converter, field))) {
    const found = Object.keys(converter).join(', ') || 'nothing';
    throw badConverter(module, `exports no data converter: expected one of ${FIELDS.join(', ')}, found ${found}`);
  }
  const { payloadCodecs = [] } = converter as DataConverter;
  const codecs: unknown = payloadCodecs;
  if (!Array.isArray(codecs) || !codecs.every(isCodec)) {
    throw badConverter(module, 'payloadCodecs: expected a list of objects with encode and decode');
  }
  return converter;
}

function isCodec(codec: unknown): boolean {
  const { encode, decode } = (codec ?? {}) as Record<string, unknown>;
  return typeof encode === 'function' && typeof decode === 'function';
}

function badConverter(module: string, problem: string, cause?: unknown): VirnucproError {
  return new VirnucproError(
    FailureType.RunInvalidInput,
    `data converter ${module} ${problem}; see "Encrypt what the server stores" in docs/wiring.md`,
    { cause },
  );
}
