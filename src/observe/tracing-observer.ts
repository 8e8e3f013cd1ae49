import { context, SpanStatusCode, trace, type Attributes, type Span } from '@opentelemetry/api';
import type { ActivityEvent, ActivityObserver, AttemptEnded, ObservedAttempt } from '../contract/activity-events.ts';

/** What is known of an attempt while it runs. */
interface Traced {
  /** Of the activity, made by the SDK's interceptor. */
  span: Span;
  /** Milliseconds since 1970 at which embedding could begin. */
  readyAt?: number;
  counts: { rows: number; letters: number; tokens: number; batches: number; halvings: number; recomputed: number };
}

const EMPTY = { rows: 0, letters: 0, tokens: 0, batches: 0, halvings: 0, recomputed: 0 };

/**
 * Says in the span of an activity which task it is about and how it ended; an attempt that embeds has two spans below it, one
 * for the wait for its embedder and one for the embedding. Batches have none: there are thousands.
 */
export class TracingObserver implements ActivityObserver {
  readonly #attempts = new WeakMap<ObservedAttempt, Traced>();
  readonly #tracer = trace.getTracer('virnucpro-temporal');

  observe(event: ActivityEvent): void {
    if (event.type === 'attempt-begun') {
      const span = trace.getActiveSpan();
      if (span !== undefined) this.#attempts.set(event.attempt, { span, counts: { ...EMPTY } });
      return;
    }
    const traced = this.#attempts.get(event.attempt);
    if (traced !== undefined) this.#note(traced, event);
  }

  #note(traced: Traced, event: ActivityEvent): void {
    const { counts, span } = traced;
    switch (event.type) {
      case 'embedder-ready':
        traced.readyAt = event.at;
        this.#below(span, 'waitForEmbedder', event.at - 1000 * event.seconds, event.at, {});
        break;
      case 'batch-embedded':
        counts.batches += 1;
        counts.letters += event.letters;
        counts.tokens += event.cost?.tokens ?? 0;
        counts.halvings += event.cost?.halvings ?? 0;
        break;
      case 'rows-durable':
        counts.rows += event.rows;
        break;
      case 'batch-halved':
        counts.halvings += 1;
        break;
      case 'rows-recomputed':
        counts.recomputed += event.rows;
        break;
      case 'checkpoint-saved':
        span.setAttributes({ 'virnucpro.bytes': event.bytes, 'virnucpro.rows': event.rows });
        break;
      case 'attempt-ended':
        this.#end(traced, event);
        break;
      case 'attempt-begun':
      case 'task-opened':
      case 'sequence-skipped':
      case 'checkpoint-validated':
      case 'run-planned':
      case 'run-finished':
      case 'prediction-finished':
        break;
    }
  }

  #end({ span, readyAt, counts }: Traced, event: AttemptEnded): void {
    span.setAttributes(identityOf(event));
    if (readyAt === undefined) return;
    const attributes = {
      'virnucpro.rows': counts.rows,
      'virnucpro.letters': counts.letters,
      'virnucpro.batches': counts.batches,
      'virnucpro.oom_halvings': counts.halvings,
      'virnucpro.recomputed_rows': counts.recomputed,
      'virnucpro.result': event.result,
      ...(counts.tokens > 0 ? { 'virnucpro.tokens': counts.tokens } : {}),
    };
    this.#below(span, 'embed', readyAt, event.at, attributes, event);
    span.setAttribute('virnucpro.rows', counts.rows);
  }

  #below(parent: Span, name: string, from: number, to: number, attributes: Attributes, end?: AttemptEnded): void {
    const span = this.#tracer.startSpan(name, { startTime: from, attributes }, trace.setSpan(context.active(), parent));
    if (end?.result === 'failed') span.setStatus({ code: SpanStatusCode.ERROR, message: end.message ?? '' });
    span.end(to);
  }
}

function identityOf({ attempt, result, failureType }: AttemptEnded): Attributes {
  const { run, task } = attempt;
  return {
    'virnucpro.attempt': attempt.attempt,
    'virnucpro.result': result,
    ...(run && { 'virnucpro.run': run.runId }),
    ...(task && { 'virnucpro.task': task.checkpoint, 'virnucpro.embedder': task.embedder }),
    ...(failureType && { 'virnucpro.failure_type': failureType }),
  };
}
