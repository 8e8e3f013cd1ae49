import type { DataConverter } from '@temporalio/common';
import { Option } from 'commander';

/** Options of a command that connects or looks into histories. */
export interface DataConverterFlag {
  dataConverter?: string;
}

/** `--data-converter MODULE`. */
export function dataConverterOption(): Option {
  return new Option(
    '--data-converter <module>',
    'how payloads are encoded: file or package with a Temporal DataConverter, the same for all clients and workers',
  ).env('VIRNUCPRO_DATA_CONVERTER');
}

/** What connects with the converter that was asked for, if any was. */
export async function converterOf({
  dataConverter: module,
}: DataConverterFlag): Promise<{ dataConverter?: DataConverter }> {
  if (module === undefined || module === '') return {};
  // Loaded here: commands that connect to nothing start without it.
  const { loadDataConverter } = await import('../converter/index.ts');
  return { dataConverter: await loadDataConverter(module) };
}

/** The option for a process that this command starts. */
export function converterArguments({ dataConverter: module }: DataConverterFlag): string[] {
  return module === undefined || module === '' ? [] : ['--data-converter', module];
}
