/** A GPU that one worker process shall have to itself. */
export interface Gpu {
  /** As the user has named it. */
  readonly name: string;
  /** What CUDA_VISIBLE_DEVICES of that process says. */
  readonly device: string;
}

const INDEX = /^(?:0|[1-9]\d{0,3})$/u;
/** As `nvidia-smi -L` prints them; CUDA takes any beginning that is unique. */
const UUID = /^(?:GPU-|MIG-(?:GPU-)?)[0-9a-fA-F][0-9a-fA-F/-]*$/u;

/**
 * The GPUs of `--gpus`: numbers and UUIDs, separated by commas.
 *
 * @throws Error that says what is expected
 */
export function parseGpus(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  for (const [place, name] of names.entries()) {
    if (!INDEX.test(name) && !UUID.test(name)) {
      throw new Error(`expected numbers or UUIDs of GPUs separated by commas, e.g. 0,1 (nvidia-smi -L), got "${name}"`);
    }
    if (names.indexOf(name) !== place) throw new Error(`GPU ${name} is named twice`);
  }
  return names;
}

/**
 * What CUDA_VISIBLE_DEVICES has to say for each GPU. Where it says something already, as a batch system sets it, numbers
 * count among those devices: the others are somebody else's.
 *
 * @param visible CUDA_VISIBLE_DEVICES of this process
 * @throws Error if a number is not among them, or two names mean one device
 */
export function resolveGpus(names: readonly string[], visible: string | undefined): Gpu[] {
  const allowed = visible === undefined ? undefined : visible.split(',').map((device) => device.trim());
  const gpus = names.map((name) => ({ name, device: INDEX.test(name) ? deviceAt(name, allowed) : name }));
  for (const [place, { name, device }] of gpus.entries()) {
    const first = gpus.findIndex((gpu) => gpu.device === device);
    if (first !== place) throw new Error(`--gpus: ${gpus[first]?.name} and ${name} are the same device, ${device}`);
  }
  return gpus;
}

function deviceAt(name: string, allowed: readonly string[] | undefined): string {
  if (allowed === undefined) return name;
  const device = allowed[Number(name)];
  if (device !== undefined && device !== '' && device !== '-1') return device;
  const which = `CUDA_VISIBLE_DEVICES=${allowed.join(',')}`;
  throw new Error(`--gpus: there is no GPU ${name} here: ${which} names the devices that may be used, counted from 0`);
}
