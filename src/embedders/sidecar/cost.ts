import type { BatchCost } from '../../contract/activity-events.ts';

/** What an answer says of the work behind it; undefined if it says nothing that can be read: no batch fails for that. */
export function readCost(header: Readonly<Record<string, unknown>>): BatchCost | undefined {
  const stats = header['stats'] as Readonly<Record<string, unknown>> | null | undefined;
  if (typeof stats !== 'object' || stats === null) return undefined;
  const count = (name: string): number => {
    const value = stats[name];
    return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0;
  };
  return {
    tokens: count('tokens'),
    paddedTokens: count('paddedTokens'),
    deviceSeconds: count('deviceMs') / 1000,
    halvings: count('oomSplits'),
  };
}
