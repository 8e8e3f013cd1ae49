import { embedderFactory, EMBEDDERS } from '../../embedders/index.ts';
import { findSidecarPython, type NoSidecarPython, type SidecarPython } from '../../platform/sidecar-python.ts';
import { probePython, type ProbedDevice, type ProbedPython, type ProbedTorch } from '../python/probe.ts';
import type { Finding } from './finding.ts';

const SET_UP = 'virnucpro setup-models';
/** Published weights in float32, and the memory of a device for them in half precision with a batch. */
const SIZES: Readonly<Record<string, { weights: string; deviceBytes: number }>> = {
  'esm2-3b': { weights: '11.4 GB', deviceBytes: 10e9 },
  'esm2-650m': { weights: '2.6 GB', deviceBytes: 4e9 },
  'esm2-150m': { weights: '0.6 GB', deviceBytes: 2e9 },
  'esm2-8m': { weights: '30 MB', deviceBytes: 1e9 },
  'dnabert-s': { weights: '470 MB', deviceBytes: 2e9 },
};
/** From here on torch computes in bfloat16. */
const BFLOAT16_CAPABILITY = 8;

/** What is to be known of the model embedders. */
export interface ModelsRequest {
  /** Models that the user or the run folder asks for: what they lack is a problem, not a hint. */
  asked: readonly string[];
  /** Folder or Hugging Face id of the weights, instead of the published ones. */
  weights?: string | undefined;
  /** Asked for with random weights: none are looked for. */
  random?: readonly string[];
}

/** Ports for the tests. */
export interface ModelsSurroundings {
  find(): SidecarPython | NoSidecarPython;
  probe: typeof probePython;
}

/** Can this machine serve the models: Python, its packages, CUDA devices, weights? */
export async function checkModels(
  request: ModelsRequest,
  { find, probe }: ModelsSurroundings = { find: findSidecarPython, probe: probePython },
): Promise<Finding[]> {
  const { asked, weights, random = [] } = request;
  const found = find();
  if ('problem' in found) return [noPython(found.problem, asked)];
  const named = asked.filter((name) => !random.includes(name));
  const looked = asked.length > 0 ? named : EMBEDDERS.filter(({ isModel }) => isModel === true).map(({ name }) => name);
  const models = Object.fromEntries(looked.map((name) => [name, weights ?? null]));
  try {
    return judge(await probe(found.command, models), found, request);
  } catch (error) {
    const message = `cannot be asked: ${(error as Error).message}`;
    const todo = `${SET_UP}, or name another with VIRNUCPRO_SIDECAR_PYTHON`;
    return [{ check: 'python', status: 'problem', message, todo }];
  }
}

function noPython(problem: string, asked: readonly string[]): Finding {
  if (asked.length > 0) return { check: 'python', status: 'problem', message: problem, todo: SET_UP };
  const message = 'no Python for the model embedders (ESM-2, DNABERT-S); kmer and fake need none';
  return { check: 'python', status: 'info', message, todo: `if this machine is to serve models: ${SET_UP}` };
}

function judge(probed: ProbedPython, { origin }: SidecarPython, { asked }: ModelsRequest): Finding[] {
  const { python, executable, missing, torch } = probed;
  const where = `${executable} (${origin === 'set-up' ? SET_UP : 'VIRNUCPRO_SIDECAR_PYTHON'})`;
  const findings: Finding[] = [];
  if (probed.pythonTooOld || missing.length > 0) {
    const message = `Python ${python}, ${where}: ${probed.pythonTooOld ? '3.10 or newer is needed' : missing.join('; ')}`;
    findings.push({ check: 'python', status: 'problem', message, todo: `${SET_UP}, or name another Python` });
  } else findings.push({ check: 'python', status: 'ok', message: `Python ${python}, ${where}` });
  findings.push(...judgeTorch(torch, asked));
  const usable = missing.length === 0;
  return usable ? [...findings, ...judgeWeights(probed.weights, asked)] : findings;
}

/** torch and its devices. */
export function judgeTorch(torch: ProbedTorch, asked: readonly string[]): Finding[] {
  const { version, error, cuda, devices = [] } = torch;
  if (error !== undefined) {
    return [{ check: 'torch', status: 'problem', message: `torch cannot be imported: ${error}`, todo: SET_UP }];
  }
  const build = cuda == null ? 'without CUDA' : `for CUDA ${cuda}`;
  const findings: Finding[] = [{ check: 'torch', status: 'ok', message: `torch ${version}, built ${build}` }];
  if (devices.length === 0) return [...findings, withoutDevice(torch, asked)];
  return [...findings, ...devices.map((device) => judgeDevice(device, asked))];
}

function withoutDevice({ cuda, cudaError, nvidia }: ProbedTorch, asked: readonly string[]): Finding {
  const check = 'cuda';
  if (nvidia.length > 0 && cuda == null) {
    const message = `${nvidia.join(', ')} cannot be used: this torch is built without CUDA`;
    const todo = `${SET_UP} with an index of CUDA builds (--index-url)`;
    return { check, status: 'problem', message, todo };
  }
  if (nvidia.length > 0) {
    const message = `${nvidia.join(', ')} cannot be used: ${cudaError ?? 'no device is visible (CUDA_VISIBLE_DEVICES)'}`;
    const todo = `see nvidia-smi; a driver that is too old for CUDA ${cuda}: a newer driver, or an older torch (${SET_UP} --torch VERSION)`;
    return { check, status: 'problem', message, todo };
  }
  const message = 'no NVIDIA GPU here: models compute on the CPU';
  if (!asked.includes('esm2-3b')) return { check, status: 'info', message };
  const todo = 'run a worker on a machine with a GPU: virnucpro worker --role gpu --embedder esm2-3b';
  return { check, status: 'warning', message: `${message}, which takes weeks with esm2-3b`, todo };
}

function judgeDevice(device: ProbedDevice, asked: readonly string[]): Finding {
  const check = 'cuda';
  const { index, name = 'unknown', memoryBytes = 0, capability = '0.0', error } = device;
  const about = `cuda:${index} ${name}`;
  if (error !== undefined) {
    const todo = 'see nvidia-smi and the kernel log (dmesg, Xid); until it is mended leave it out of --gpus';
    return { check, status: 'problem', message: `${about} cannot compute: ${error}`, todo };
  }
  const free = device.freeBytes === undefined ? '' : `, ${gigabytes(device.freeBytes)} free`;
  const dtype = Number.parseInt(capability, 10) >= BFLOAT16_CAPABILITY ? 'bfloat16' : 'float16';
  const message = `${about}: ${gigabytes(memoryBytes)}${free}, capability ${capability}: ${dtype}`;
  const tooLarge = asked.filter((one) => memoryBytes < (SIZES[one]?.deviceBytes ?? 0));
  if (tooLarge.length === 0) return { check, status: 'ok', message };
  const needs = tooLarge.map((one) => `${one} needs about ${gigabytes(SIZES[one]?.deviceBytes ?? 0)}`);
  return {
    check,
    status: 'warning',
    message: `${message}; ${needs.join(', ')}`,
    todo: 'choose a smaller model or a larger GPU',
  };
}

/** Weights of each model: a problem where it is asked for. */
export function judgeWeights(weights: ProbedPython['weights'], asked: readonly string[]): Finding[] {
  const entries = Object.entries(weights);
  const there = entries.flatMap(([name, found]): Finding[] =>
    'folder' in found
      ? [{ check: 'weights', status: 'ok', message: `${name}: ${gigabytes(found.bytes)} in ${found.folder}` }]
      : [],
  );
  const lacking = entries.flatMap(([name, found]) => ('error' in found ? [{ name, error: found.error }] : []));
  if (asked.length > 0) return [...there, ...lacking.map(({ name, error }) => missingWeights(name, error))];
  if (lacking.length === 0) return there;
  const message = `not on this machine: ${lacking.map(({ name }) => `${name} (${SIZES[name]?.weights})`).join(', ')}`;
  const todo = 'how to get them:  virnucpro doctor --embedder NAME';
  return [...there, { check: 'weights', status: 'info', message, todo }];
}

/** @param error sentences: what is wrong, and what to do about it */
function missingWeights(name: string, error: string): Finding {
  const [what = error, ...ways] = error.split(/\. (?=[A-Z])/u);
  const { model } = embedderFactory(name).describe({}, 'protein').fingerprint;
  const way = ways.length > 0 ? ways.join('. ') : `Download them: hf download ${model}.`;
  const todo = `${way} (${name}: about ${SIZES[name]?.weights})`;
  return { check: 'weights', status: 'problem', message: what, todo };
}

function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
