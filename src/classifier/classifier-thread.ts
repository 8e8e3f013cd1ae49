import { VirnucproError } from '../contract/virnucpro-error.ts';
import { createForward, shareModel } from './forward.ts';
import type { Forward } from './forward.ts';
import { readClassifier } from './read-classifier.ts';
import type { ClassifierTasks, Refusal } from './thread-tasks.ts';
import { classifierToSafetensors } from './write-classifier.ts';

export const read: ClassifierTasks['read'] = ({ path }) =>
  orRefusal(() => {
    const { facts, notes, model } = readClassifier(path);
    return { facts, notes, model: shareModel(model) };
  });

export const convert: ClassifierTasks['convert'] = ({ path }) =>
  orRefusal(() => {
    const classifier = readClassifier(path);
    const { facts, notes, dtype, model } = classifier;
    return { facts, notes, dtype, eps: model.eps, bytes: classifierToSafetensors(classifier) };
  });

let forward: Forward | undefined;

export const classify: ClassifierTasks['classify'] = ({ model, rows }) => {
  forward ??= createForward(model);
  return forward.classify(rows);
};

function orRefusal<Result>(work: () => Result): Result | Refusal {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof VirnucproError)) throw error;
    return { refused: { type: error.type, message: error.message } };
  }
}
