/** Activities for a worker, and the embedders they use. */
export { createActivities } from './create-activities.ts';
export type { ActivityDependencies, ServerIdentity } from './dependencies.ts';
export { ResidentEmbedders } from '../embedders/resident.ts';
export type { VirnucproActivities } from '../contract/activities.ts';
export type { ActivityEvent, ActivityObserver, ObservedAttempt, ObservedTask } from '../contract/activity-events.ts';
