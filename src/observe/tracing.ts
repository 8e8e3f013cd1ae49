import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { TellTrouble, Tracing } from './tracing-port.ts';

/** What tracing needs beside this package, as npm installs it. */
export const TRACING_PACKAGES: readonly string[] = [
  '@temporalio/interceptors-opentelemetry@~1.24.0',
  '@opentelemetry/api@^1.9.0',
  '@opentelemetry/resources@^1.30.0',
  '@opentelemetry/sdk-trace-base@^1.30.0',
  '@opentelemetry/exporter-trace-otlp-http@^0.57.0',
];

/**
 * Makes this process send OpenTelemetry traces with OTLP over HTTP, to where the standard variables say:
 * OTEL_EXPORTER_OTLP_ENDPOINT (`http://localhost:4318` if unset), OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES. To be called once.
 *
 * @throws VirnucproError `RunError.InvalidInput` with the npm command, if packages are missing
 */
export async function startTracing(tellTrouble: TellTrouble): Promise<Tracing> {
  const { openTelemetry } = await import('./open-telemetry.ts').catch((error: unknown) => {
    throw missing(error);
  });
  return openTelemetry(tellTrouble);
}

function missing(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return error;
  const name = /'(?<name>@?[^']+)'/u.exec(message)?.groups?.['name'] ?? 'a package';
  return new VirnucproError(
    FailureType.RunInvalidInput,
    `tracing (--otel) needs packages that are not installed here, ${name} for one; install them beside virnucpro-temporal: npm install ${TRACING_PACKAGES.join(' ')}`,
    { cause: error },
  );
}
