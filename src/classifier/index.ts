/**
 * VirNucPro's classifier: read from what torch saved without executing anything of it, and run in float32.
 *
 * ```ts
 * const classifier = await openClassifier('500_model.pth');
 * const scores = await classifier.classify(rows);   // n × 3328 in, n × 2 out: probabilities of others and virus
 * await classifier.close();
 * ```
 *
 * @module
 */
export { convertClassifier, inspectClassifier, openClassifier } from './open-classifier.ts';
export type { ConvertedClassifier } from './thread-tasks.ts';
export type {
  ClassifierFacts,
  ClassifierFormat,
  InspectedClassifier,
  OpenClassifier,
  OpenClassifierOptions,
} from './types.ts';
