import { runModule } from './run-module.ts';

/** A CUDA device as torch sees it. */
export interface ProbedDevice {
  index: number;
  name?: string;
  memoryBytes?: number;
  freeBytes?: number;
  /** e.g. `9.0` */
  capability?: string;
  /** It cannot compute. */
  error?: string;
}

export interface ProbedTorch {
  version?: string;
  /** CUDA version that it is built for; null: none. */
  cuda?: string | null;
  cudaError?: string | null;
  devices?: ProbedDevice[];
  /** Device files of NVIDIA's driver. */
  nvidia: string[];
  /** It cannot be imported. */
  error?: string;
}

/** What `python -m virnucpro_sidecar.probe` prints. */
export interface ProbedPython {
  python: string;
  pythonTooOld: boolean;
  executable: string;
  packages: Record<string, string | null>;
  /** Sentences: packages that are not there or too old. */
  missing: string[];
  torch: ProbedTorch;
  weights: Record<string, { folder: string; bytes: number } | { error: string }>;
}

/**
 * Asks a Python what it has for the models.
 *
 * @param models whose weights are looked for: by embedder, a folder or a Hugging Face id, or null for the published ones
 * @throws Error if it does not answer
 */
export async function probePython(
  python: string,
  models: Readonly<Record<string, string | null>>,
): Promise<ProbedPython> {
  const { status, stdout, stderr } = await runModule(python, 'probe', [JSON.stringify({ models })]);
  const last = stdout.trim().split('\n').at(-1) ?? '';
  if (status === 0 && last.startsWith('{')) return JSON.parse(last) as ProbedPython;
  const said = stderr.trim().split('\n').at(-1) ?? '';
  throw new Error(`${python} ${status === null ? 'did not answer' : `ended with ${status}`}${said && `: ${said}`}`);
}
