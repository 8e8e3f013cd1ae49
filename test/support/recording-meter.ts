import type { MetricMeter, MetricTags } from '@temporalio/common';

/** Keeps the last value of a gauge, the sum of a counter and the values of a histogram, by name and tags. */
export class RecordingMeter implements MetricMeter {
  readonly values = new Map<string, number>();
  readonly recorded = new Map<string, number[]>();
  readonly made: string[] = [];

  createCounter(name: string) {
    this.made.push(name);
    const add = (value: number, tags: MetricTags = {}) => {
      this.values.set(key(name, tags), (this.values.get(key(name, tags)) ?? 0) + value);
    };
    const counter = { name, kind: 'counter', valueType: 'int', add, withTags: () => counter } as const;
    return counter;
  }

  createGauge(name: string, valueType: 'int' | 'float' = 'int') {
    this.made.push(name);
    const set = (value: number, tags: MetricTags = {}) => void this.values.set(key(name, tags), value);
    const gauge = { name, kind: 'gauge', valueType, set, withTags: () => gauge } as const;
    return gauge;
  }

  createHistogram(name: string, valueType: 'int' | 'float' = 'int') {
    this.made.push(name);
    const record = (value: number, tags: MetricTags = {}) => {
      this.recorded.set(key(name, tags), [...(this.recorded.get(key(name, tags)) ?? []), value]);
    };
    const histogram = { name, kind: 'histogram', valueType, record, withTags: () => histogram } as const;
    return histogram;
  }

  withTags(): MetricMeter {
    return this;
  }
}

/** `name{embedder=kmer}` */
function key(name: string, tags: MetricTags): string {
  const pairs = Object.entries(tags).filter(([, value]) => value !== '');
  return pairs.length === 0 ? name : `${name}{${pairs.map(([tag, value]) => `${tag}=${String(value)}`).join(',')}}`;
}
