import { Buffer } from 'node:buffer';

/** Fields that say who did something, not what was done; replay looks at none of them. */
const WITHOUT_MEANING = new Set(['identity', 'stackTrace', 'workerInstanceKey']);

/**
 * A history without what belongs to the machine that recorded it: names of hosts and processes, stack traces, paths.
 *
 * @param {unknown} value a history in JSON, or a part of one
 * @param {(text: string) => string} neutralize replaces what names the machine
 * @returns {unknown}
 */
export function neutralHistory(value, neutralize) {
  if (typeof value === 'string') return neutralize(value);
  if (Array.isArray(value)) return value.map((item) => neutralHistory(item, neutralize));
  if (typeof value !== 'object' || value === null) return value;
  if (isPayload(value)) return { ...value, data: neutralData(value.data, neutralize) };
  const kept = Object.entries(value).filter(([name]) => !WITHOUT_MEANING.has(name));
  return Object.fromEntries(kept.map(([name, item]) => [name, neutralHistory(item, neutralize)]));
}

/**
 * @param {object} value
 * @returns {value is { metadata: object, data: string }}
 */
function isPayload(value) {
  return 'metadata' in value && 'data' in value && typeof value.data === 'string';
}

/**
 * @param {string} base64 JSON as text
 * @param {(text: string) => string} neutralize
 */
function neutralData(base64, neutralize) {
  return Buffer.from(neutralize(Buffer.from(base64, 'base64').toString())).toString('base64');
}
