import type { MetricCounter, MetricGauge, MetricHistogram, MetricMeter, MetricTags } from '@temporalio/common';
import { METRICS, type MetricDefinition, type MetricName, type NamesOf } from './metric-names.ts';

/** Makes our metrics with a meter, each when it is first needed: a worker exports those that it has something to say of. */
export class Meters {
  readonly #meter: MetricMeter;
  readonly #made = new Map<MetricName, MetricCounter | MetricHistogram | MetricGauge>();

  constructor(meter: MetricMeter) {
    this.#meter = meter;
  }

  /** @param value a whole number */
  add(name: NamesOf<'counter'>, value: number, tags: MetricTags = {}): void {
    (this.#metric(name) as MetricCounter).add(value, tags);
  }

  record(name: NamesOf<'histogram'>, value: number, tags: MetricTags = {}): void {
    (this.#metric(name) as MetricHistogram).record(value, tags);
  }

  set(name: NamesOf<'gauge'>, value: number, tags: MetricTags = {}): void {
    (this.#metric(name) as MetricGauge).set(value, tags);
  }

  #metric(name: MetricName): MetricCounter | MetricHistogram | MetricGauge {
    let metric = this.#made.get(name);
    if (metric === undefined) {
      metric = this.#make(name, METRICS[name]);
      this.#made.set(name, metric);
    }
    return metric;
  }

  #make(name: string, { kind, valueType = 'int', help }: MetricDefinition) {
    if (kind === 'counter') return this.#meter.createCounter(name, '', help);
    return kind === 'gauge'
      ? this.#meter.createGauge(name, valueType, '', help)
      : this.#meter.createHistogram(name, valueType, '', help);
  }
}
