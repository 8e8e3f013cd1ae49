import { lookForTemporal } from '../../server/index.ts';
import type { Finding } from './finding.ts';

const WAYS_OUT =
  'put the Temporal CLI on PATH or its path in VIRNUCPRO_TEMPORAL_CLI, or set TEMPORAL_ADDRESS to a server that runs already';

/**
 * Runs need the Temporal CLI only where they start a server of their own.
 *
 * @param ownServer whether the user has named a server
 */
export async function checkTemporalCli(ownServer: boolean, look = lookForTemporal): Promise<Finding> {
  const check = 'temporal-cli';
  try {
    const found = await look({ log: () => {} });
    if (found) return { check, status: 'ok', message: `${found.path} (${found.origin}; ${found.version})` };
  } catch (error) {
    return { check, status: ownServer ? 'warning' : 'problem', message: (error as Error).message, todo: WAYS_OUT };
  }
  if (ownServer) return { check, status: 'info', message: 'no Temporal CLI here; none is needed with your own server' };
  const message = 'no Temporal CLI on PATH or in the cache: the first run downloads it, or builds it with Go';
  return { check, status: 'warning', message, todo: `if neither is possible here: ${WAYS_OUT}` };
}
