import { Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import {
  endpointError,
  formatMetricsAddress,
  prometheusOptions,
  sdkLogger,
  type MetricsAddress,
} from '../../observe/index.ts';

const QUIET_CORE = { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } } as const;

/**
 * The SDK's runtime of a worker process: its log goes to ours, its metrics and ours to one endpoint.
 *
 * @throws VirnucproError `RunError.InvalidInput` if the metrics cannot be answered for at this address
 */
export async function installRuntime(log: Logger, metricsAddress: MetricsAddress | undefined): Promise<Runtime> {
  const logger = sdkLogger(log);
  if (metricsAddress === undefined) return Runtime.install({ logger, telemetryOptions: QUIET_CORE });
  const metrics = await prometheusOptions(metricsAddress);
  try {
    const runtime = Runtime.install({ logger, telemetryOptions: { ...QUIET_CORE, metrics } });
    log.info(`metrics at http://${formatMetricsAddress(metricsAddress)}/metrics`);
    return runtime;
  } catch (error) {
    throw endpointError(metricsAddress, error);
  }
}
