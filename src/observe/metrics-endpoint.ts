import type { TelemetryOptions } from '@temporalio/worker';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { METRICS, type MetricDefinition } from './metric-names.ts';

/** Where a worker answers Prometheus, as `--metrics-address` names it. */
export interface MetricsAddress {
  /** Name, IPv4 or IPv6 address; without brackets. */
  host: string;
  port: number;
}

const FORM = /^(?:\[(?<ipv6>[^\]]+)\]|(?<host>[^:[\]]+)):(?<port>\d{1,5})$/u;
const MAX_PORT = 65_535;

/** @throws Error that says what is expected */
export function parseMetricsAddress(text: string): MetricsAddress {
  const { ipv6, host = ipv6, port } = FORM.exec(text)?.groups ?? {};
  const number = Number(port);
  const isHost = host !== undefined && (ipv6 === undefined || isIP(ipv6) === 6);
  if (isHost && number >= 1 && number <= MAX_PORT) return { host, port: number };
  throw new Error(`expected HOST:PORT, e.g. 127.0.0.1:9464, or 0.0.0.0:9464 for every interface, got "${text}"`);
}

export function formatMetricsAddress({ host, port }: MetricsAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * The address of one process of several: ports count up.
 *
 * @throws VirnucproError `RunError.InvalidInput` if there is no such port
 */
export function nthMetricsAddress({ host, port }: MetricsAddress, index: number): MetricsAddress {
  if (port + index <= MAX_PORT) return { host, port: port + index };
  throw unusable(
    { host, port },
    `${index + 1} processes need the ports from ${port} on, and ${MAX_PORT} is the last one`,
  );
}

/**
 * Options of the SDK's runtime for an endpoint that exports its metrics and ours: counters end in `_total`, times are in
 * seconds, as Prometheus wants it.
 *
 * @throws VirnucproError `RunError.InvalidInput` if the host has no address
 */
export async function prometheusOptions(address: MetricsAddress): Promise<NonNullable<TelemetryOptions['metrics']>> {
  const bindAddress = formatMetricsAddress({ ...address, host: await addressOf(address) });
  return {
    attachServiceName: false,
    prometheus: {
      bindAddress,
      countersTotalSuffix: true,
      unitSuffix: true,
      useSecondsForDurations: true,
      histogramBucketOverrides: bucketOverrides(),
    },
  };
}

function bucketOverrides(): Record<string, number[]> {
  const definitions: [string, MetricDefinition][] = Object.entries(METRICS);
  return Object.fromEntries(definitions.flatMap(([name, { buckets }]) => (buckets ? [[name, [...buckets]]] : [])));
}

/** The exporter takes addresses only. */
async function addressOf(address: MetricsAddress): Promise<string> {
  if (isIP(address.host) !== 0) return address.host;
  try {
    return (await lookup(address.host)).address;
  } catch (error) {
    throw unusable(address, `the host has no address (${(error as Error).message})`);
  }
}

/**
 * What the SDK says when the endpoint cannot be opened, as something to act on.
 *
 * @param error of `Runtime.install`
 */
export function endpointError(address: MetricsAddress, error: unknown): unknown {
  const { message } = error as Error;
  if (!message.includes('prometheus')) return error;
  const reason = message.replace(/^.*?exporter: /u, '').replace(/ \(os error \d+\)$/u, '');
  const isTaken = /in use/iu.test(message);
  const wayOut = isTaken
    ? 'another process, maybe another worker, listens there: choose another port'
    : 'choose another';
  return unusable(address, `${reason}; ${wayOut}`);
}

function unusable(address: MetricsAddress, reason: string): VirnucproError {
  const message = `--metrics-address ${formatMetricsAddress(address)}: ${reason}`;
  return new VirnucproError(FailureType.RunInvalidInput, message);
}
