import { Option } from 'commander';
import type { Tracing } from '../observe/index.ts';

/** Options of a command that can be traced. */
export interface OtelFlag {
  otel?: boolean;
}

/** `--otel`. */
export function otelOption(): Option {
  return new Option('--otel', 'send OpenTelemetry traces to where OTEL_EXPORTER_OTLP_ENDPOINT says');
}

/**
 * @param tellTrouble takes what goes wrong with sending traces
 * @throws VirnucproError `RunError.InvalidInput` if packages are missing
 */
export async function tracingOf(
  { otel }: OtelFlag,
  tellTrouble: (message: string) => void,
): Promise<Tracing | undefined> {
  if (otel !== true) return undefined;
  const { startTracing } = await import('../observe/index.ts');
  return startTracing(tellTrouble);
}

/** The option for a process that this command starts. */
export function otelArguments({ otel }: OtelFlag): string[] {
  return otel === true ? ['--otel'] : [];
}
