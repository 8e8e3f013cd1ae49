import type { DataConverter } from '@temporalio/common';
import { loadDataConverter } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { converterOf, type DataConverterFlag } from '../data-converter.ts';
import type { Finding } from './finding.ts';

const SAMPLE = { directory: '/data/run', message: 'corrupted: file is 0 bytes' };

/** Does the converter that was named give back what it was given, and does it hide what failures say? */
export async function checkDataConverter(flags: DataConverterFlag): Promise<Finding[]> {
  const check = 'data-converter';
  try {
    const { dataConverter } = await converterOf(flags);
    if (dataConverter === undefined) return [];
    return [await judge(dataConverter, flags.dataConverter ?? '')];
  } catch (error) {
    const todo = 'correct --data-converter or VIRNUCPRO_DATA_CONVERTER, and what the module needs, e.g. its keys';
    return [{ check, status: 'problem', message: (error as Error).message, todo }];
  }
}

async function judge(dataConverter: DataConverter, module: string): Promise<Finding> {
  const check = 'data-converter';
  const { payloadConverter, failureConverter, payloadCodecs } = loadDataConverter(dataConverter);
  let payloads = [payloadConverter.toPayload(SAMPLE)];
  for (const codec of payloadCodecs) payloads = await codec.encode(payloads);
  const encoding = Buffer.from(payloads[0]?.metadata?.['encoding'] ?? []).toString();
  for (const codec of payloadCodecs.toReversed()) payloads = await codec.decode(payloads);
  const [payload] = payloads;
  const back: unknown = payload && payloadConverter.fromPayload(payload);
  if (JSON.stringify(back) !== JSON.stringify(SAMPLE)) {
    const message = `${module} does not give back what it encoded: ${JSON.stringify(back)}`;
    return { check, status: 'problem', message, todo: 'mend its codecs: decode has to undo encode' };
  }
  const { message: told } = failureConverter.errorToFailure(new Error(SAMPLE.message), payloadConverter);
  const message = `${module} encodes payloads as ${encoding}`;
  if (payloadCodecs.length === 0 || told !== SAMPLE.message) return { check, status: 'ok', message };
  const open = `${message}; messages of failures, which name files, stay in the clear`;
  const todo = 'if they shall not, give it a failure converter with encodeCommonAttributes (failureConverterPath)';
  return { check, status: 'warning', message: open, todo };
}
