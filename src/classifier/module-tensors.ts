import { isDict, isInertObject, isTensor, pythonTypeName } from '../torch/index.ts';
import type { InertObject, PyDict, PyValue, TorchTensor } from '../torch/index.ts';
import { incompatible, quote } from './errors.ts';

/** What a pickled value holds: tensors under the names of a state dict. */
export interface PickledTensors {
  readonly format: 'module' | 'state-dict';
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  readonly eps: number | undefined;
}

const MODEL_CLASS = 'MLPClassifier';

/** The class that each child of the model must have: its forward pass is not in the file, so it must be the one known. */
const CHILD_CLASSES: Readonly<Record<string, string>> = {
  hidden_layer: 'Linear',
  bn1: 'BatchNorm1d',
  relu: 'ReLU',
  dropout: 'Dropout',
  output_layer: 'Linear',
};

/** Where training scripts put a state dict among other things. */
const NESTED = ['state_dict', 'model_state_dict'];

/**
 * Takes the tensors out of what a `.pth` file holds: a whole model, or its state dict.
 *
 * @throws VirnucproError `CheckpointError.Incompatible` naming what it is instead
 */
export function tensorsOf(path: string, root: PyValue): PickledTensors {
  if (isInertObject(root)) return fromModule(path, unwrapped(root));
  if (!isDict(root)) {
    throw incompatible(
      path,
      `holds a ${pythonTypeName(root)}, expected a model of class ${MODEL_CLASS} or its state dict`,
    );
  }
  const nested = NESTED.map((key) => root.get(key)).find((value) => value !== undefined);
  if (isInertObject(nested)) return fromModule(path, unwrapped(nested));
  return { format: 'state-dict', tensors: fromStateDict(path, isDict(nested) ? nested : root), eps: undefined };
}

function fromStateDict(path: string, dict: PyDict): Map<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>();
  for (const [key, value] of dict.entries()) {
    if (typeof key !== 'string' || !isTensor(value)) {
      const shown = typeof key === 'string' ? quote(key) : pythonTypeName(key);
      throw incompatible(
        path,
        `key ${shown} holds a ${pythonTypeName(value)}, expected a state dict, which has tensors only; ` +
          'save it with torch.save(model.state_dict(), …)',
      );
    }
    tensors.set(key, value);
  }
  return tensors;
}

/** The model inside of DataParallel, which is what was trained on several GPUs. */
function unwrapped(module: InertObject): InertObject {
  const inner = module.of.name === 'DataParallel' ? attribute(module, '_modules', isDict)?.get('module') : undefined;
  return isInertObject(inner) ? inner : module;
}

function attribute<T extends PyValue>(
  { state }: InertObject,
  name: string,
  is: (value: PyValue | undefined) => value is T,
): T | undefined {
  const value = isDict(state) ? state.get(name) : undefined;
  return is(value) ? value : undefined;
}

function fromModule(path: string, module: InertObject): PickledTensors {
  const name = `${module.of.module}.${module.of.name}`;
  if (module.of.name !== MODEL_CLASS) {
    throw incompatible(path, `holds an object of class ${quote(name)}, expected a model of class ${MODEL_CLASS}`);
  }
  const children = attribute(module, '_modules', isDict);
  if (children === undefined) throw incompatible(path, `the model ${quote(name)} has no layers`);
  const tensors = new Map<string, TorchTensor>();
  let eps: number | undefined;
  for (const [key, child] of children.entries()) {
    const { name: layerName, layer } = requireChild(path, key, child);
    for (const [own, tensor] of ownTensors(layer)) tensors.set(`${layerName}.${own}`, tensor);
    if (layerName === 'bn1') eps = epsOf(layer);
  }
  return { format: 'module', tensors, eps };
}

function requireChild(path: string, key: PyValue, child: PyValue): { name: string; layer: InertObject } {
  const shown = typeof key === 'string' ? key : pythonTypeName(key);
  const expected = Object.hasOwn(CHILD_CLASSES, shown) ? CHILD_CLASSES[shown] : undefined;
  const found = isInertObject(child) ? `${child.of.module}.${child.of.name}` : pythonTypeName(child);
  if (expected === undefined) {
    const layers = Object.keys(CHILD_CLASSES).join(', ');
    throw incompatible(path, `the model has a layer ${quote(shown)} (${quote(found)}), expected ${layers} only`);
  }
  if (isInertObject(child) && child.of.name === expected && child.of.module.startsWith('torch.nn.modules.'))
    return { name: shown, layer: child };
  throw incompatible(path, `layer ${shown} is ${quote(found)}, expected torch.nn.${expected}`);
}

function ownTensors(layer: InertObject): [string, TorchTensor][] {
  return ['_parameters', '_buffers'].flatMap((name) => {
    const entries = attribute(layer, name, isDict)?.entries() ?? [];
    return [...entries].filter((entry): entry is [string, TorchTensor] => isTensor(entry[1]));
  });
}

function epsOf(layer: InertObject): number | undefined {
  const eps = isDict(layer.state) ? layer.state.get('eps') : undefined;
  if (typeof eps === 'number') return eps;
  return typeof eps === 'object' && eps?.type === 'float' ? eps.value : undefined;
}
