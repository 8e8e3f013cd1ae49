import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResourcesSync, envDetectorSync, Resource } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
  OpenTelemetryWorkflowClientInterceptor,
} from '@temporalio/interceptors-opentelemetry';
import { AsyncContextManager } from './async-context.ts';
import { TracingObserver } from './tracing-observer.ts';
import type { TellTrouble, Tracing } from './tracing-port.ts';

const STOP_TIMEOUT_MS = 5000;
const SERVICE = 'virnucpro';
/** Clients ask runs how they get on, again and again: that is no part of the run's trace. */
const QUERY_SPAN = 'HandleQuery:';

/** Only loaded where tracing is asked for: its packages are optional. */
export function openTelemetry(tellTrouble: TellTrouble): Tracing {
  const resource = new Resource({ 'service.name': SERVICE }).merge(
    detectResourcesSync({ detectors: [envDetectorSync] }),
  );
  const processor = new BatchSpanProcessor(new OTLPTraceExporter());
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
  provider.register({ contextManager: new AsyncContextManager() });
  diag.setLogger(troubleLogger(tellTrouble), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  return {
    clientInterceptors: [clientInterceptor()],
    interceptors: {
      activity: [
        (context) => ({
          inbound: new OpenTelemetryActivityInboundInterceptor(context),
          outbound: new OpenTelemetryActivityOutboundInterceptor(context),
        }),
      ],
    },
    sinks: { exporter: makeWorkflowExporter(withoutQueries(processor), resource) },
    observer: new TracingObserver(),
    workflowModules: [workflowInterceptors()],
    stop: () => stop(provider, tellTrouble),
  };
}

/** A collector that hangs must not keep a process that was told to end. */
async function stop(provider: BasicTracerProvider, tellTrouble: TellTrouble): Promise<void> {
  const sent = provider.shutdown().then(
    () => true,
    (error: unknown) => tellTrouble(`tracing: ${(error as Error).message}`),
  );
  const late = sleep(STOP_TIMEOUT_MS, 'late', { ref: false });
  if ((await Promise.race([sent, late])) === 'late')
    tellTrouble('tracing: the collector takes too long; traces are lost');
}

/** Module that runs inside the sandbox of workflows. */
function workflowInterceptors(): string {
  return createRequire(import.meta.url).resolve('@temporalio/interceptors-opentelemetry/lib/workflow-interceptors');
}

function clientInterceptor(): WorkflowClientInterceptor {
  const all = new OpenTelemetryWorkflowClientInterceptor();
  return {
    start: all.start.bind(all),
    startWithDetails: all.startWithDetails.bind(all),
    signal: all.signal.bind(all),
    signalWithStart: all.signalWithStart.bind(all),
    cancel: all.cancel.bind(all),
    terminate: all.terminate.bind(all),
  };
}

function withoutQueries(processor: SpanProcessor): SpanProcessor {
  return {
    onStart: (span, context) => processor.onStart(span, context),
    onEnd: (span) => {
      if (!span.name.startsWith(QUERY_SPAN)) processor.onEnd(span);
    },
    forceFlush: () => processor.forceFlush(),
    shutdown: () => processor.shutdown(),
  };
}

function troubleLogger(tell: TellTrouble) {
  const silent = () => {};
  const loud = (message: string, ...details: unknown[]) =>
    tell(`tracing: ${[message, ...details].map(String).join(' ')}`);
  return { error: loud, warn: loud, info: silent, debug: silent, verbose: silent };
}
