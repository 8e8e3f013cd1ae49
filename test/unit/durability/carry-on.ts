import type { FileSystem } from '../../../src/platform/file-system.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { CrashFileSystem } from '../../support/crash-file-system.ts';
import type { CrashState } from '../../support/crash-states.ts';
import {
  CHECKPOINT,
  embed,
  save,
  type SoundEnd,
  type Embedded,
  type Storage,
  type Told,
  type Work,
} from './life-of-a-task.ts';

/**
 * Goes on from what a crash has left, as the next attempts do, and says what is wrong: with the state itself, with what had
 * been promised, or with how it ends.
 *
 * @param sound the files that an undisturbed run ends with
 */
export async function carryOn(
  storage: Storage,
  work: Work,
  { disk, notes }: Pick<CrashState<Told>, 'disk' | 'notes'>,
  sound: SoundEnd,
): Promise<string[]> {
  const broken: string[] = [];
  const saved = notes.some((told) => 'saved' in told);
  const isThere = disk.tree().has(CHECKPOINT);
  if (saved && !isThere) broken.push('a checkpoint that was there is gone');
  if (isThere)
    broken.push(...missing(disk.tree(), sound).map((path) => `${path} is not whole, and the checkpoint is named`));
  if (broken.length > 0) return broken;

  const model = new CrashFileSystem<Told>(disk);
  try {
    if (!saved) await finish(storage, work, model, notes, broken);
  } catch (error) {
    broken.push(`the next attempts end in: ${String(error)}`);
  }
  return [...broken, ...wrongEnd(model, sound, saved)];
}

async function finish(
  storage: Storage,
  work: Work,
  model: CrashFileSystem<Told>,
  notes: readonly Told[],
  broken: string[],
): Promise<void> {
  const told = notes.findLast((note) => 'segments' in note);
  if (told === undefined) return save(storage, model, await embedAgain(storage, work, model, notes, broken), () => {});
  try {
    await save(storage, model, told, () => {});
  } catch (error) {
    if ((error as { type?: string }).type !== FailureType.RunSpoolIncomplete) throw error;
    // What the workflow does then, and what may only happen where no row had been called durable.
    if (told.synced) broken.push(`synced segments are not there: ${String(error)}`);
    await save(storage, model, await embedAgain(storage, work, model, notes, broken), () => {});
  }
}

/** Another attempt at embedding; rows that were promised and are not there are added to `broken`. */
export async function embedAgain(
  storage: Storage,
  work: Work,
  fileSystem: FileSystem,
  notes: readonly Told[],
  broken: string[],
  tell: (told: Told) => void = () => {},
): Promise<Embedded> {
  const promised = new Set(notes.flatMap((note) => ('rows' in note ? note.rows : [])));
  return embed(storage, fileSystem, work, tell, (spool) => {
    const lost = [...promised].filter((ordinal) => !spool.has(ordinal));
    if (lost.length > 0) broken.push(`rows ${lost.join()} had been acknowledged and are gone`);
    const skipped = notes.flatMap((note) => ('skipped' in note ? note.skipped : []));
    const forgotten = skipped.filter((ordinal) => !spool.hasSkipped(ordinal));
    if (forgotten.length > 0) broken.push(`records ${forgotten.join()} had been skipped for good and are tried again`);
  });
}

/** Of an undisturbed run's files, those that are not there, or other than they should be. */
function missing(tree: ReadonlyMap<string, Buffer>, sound: SoundEnd): string[] {
  return [...sound].filter(([path, bytes]) => tree.get(path)?.equals(bytes) !== true).map(([path]) => path);
}

/** The end of a run sweeps them, which these tests do not come to. */
const TEMPORARY = /\/\.[^/]+\.tmp$/u;

export function wrongEnd(model: CrashFileSystem<Told>, sound: SoundEnd, saved: boolean): string[] {
  const tree = model.disk.tree();
  const wrong = missing(tree, sound).map((path) => `${path} is not as after an undisturbed run`);
  for (const path of tree.keys()) {
    if (sound.has(path) || TEMPORARY.test(path)) continue;
    // The removal of a spool need not be durable when the task is done: the end of the run, or of the next, removes it.
    if (!saved) wrong.push(`${path} is left over`);
  }
  return wrong;
}
