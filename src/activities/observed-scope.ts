import type { ActivityScope } from './activity-scope.ts';
import type { Observation } from './observation.ts';

/** What the code of an activity gets: its surroundings, and where it tells what it does. */
export interface ObservedScope extends ActivityScope {
  readonly observation: Observation;
}
