import type { LoadedDataConverter, Payload, ProtoFailure } from '@temporalio/common';

/** The value of a payload as the server keeps it. */
export async function decodePayload<T>(converter: LoadedDataConverter, payload: Payload): Promise<T> {
  let payloads = [payload];
  for (const codec of converter.payloadCodecs.toReversed()) payloads = await codec.decode(payloads);
  return converter.payloadConverter.fromPayload<T>(payloads[0] ?? payload);
}

/** The message of a failure as the server keeps it: a failure converter may have moved it into a payload. */
export async function decodeFailureMessage(
  converter: LoadedDataConverter,
  { message, encodedAttributes }: ProtoFailure,
): Promise<string | undefined> {
  if (!encodedAttributes) return message ?? undefined;
  const attributes = await decodePayload<{ message?: unknown } | undefined>(converter, encodedAttributes);
  return typeof attributes?.message === 'string' ? attributes.message : (message ?? undefined);
}
