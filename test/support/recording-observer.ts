import type { ActivityEvent, ActivityObserver } from '../../src/contract/activity-events.ts';

/** Keeps everything that it is told. */
export class RecordingObserver implements ActivityObserver {
  readonly events: ActivityEvent[] = [];

  observe(event: ActivityEvent): void {
    this.events.push(event);
  }

  /** Events of one type, in order. */
  of<Type extends ActivityEvent['type']>(type: Type): Extract<ActivityEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<ActivityEvent, { type: Type }> => event.type === type);
  }

  get types(): string[] {
    return this.events.map(({ type }) => type);
  }
}
