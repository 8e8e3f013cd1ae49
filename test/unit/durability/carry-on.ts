import type { FileSystem } from '../../../src/platform/file-system.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { CrashFileSystem } from '../../support/crash-file-system.ts';
import type { CrashState } from '../../support/crash-states.ts';
import type { SegmentReference } from '../../../src/spool/index.ts';
import { CHECKPOINT, embed, RUN, save, type Storage, type Told, type Work } from './life-of-a-task.ts';

/**
 * Goes on from what a crash has left, as the next attempts do, and says what is wrong: with the state itself, with what had
 * been promised, or with how it ends.
 *
 * @param sound the bytes of the checkpoint that an undisturbed run makes
 */
export async function carryOn(
  storage: Storage,
  work: Work,
  { disk, notes }: Pick<CrashState<Told>, 'disk' | 'notes'>,
  sound: Buffer,
): Promise<string[]> {
  const broken: string[] = [];
  const saved = notes.some((told) => 'saved' in told);
  const left = disk.tree().get(CHECKPOINT);
  if (left !== undefined && !left.equals(sound)) broken.push('the checkpoint is neither absent nor complete');
  if (saved && left === undefined) broken.push('a checkpoint that was there is gone');
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
    await save(storage, model, told.segments, () => {});
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
): Promise<SegmentReference[]> {
  const promised = new Set(notes.flatMap((note) => ('rows' in note ? note.rows : [])));
  return embed(storage, fileSystem, work, tell, (spool) => {
    const lost = [...promised].filter((ordinal) => !spool.has(ordinal));
    if (lost.length > 0) broken.push(`rows ${lost.join()} had been acknowledged and are gone`);
  });
}

/** Temporary files are swept by the end of a run, by their names. */
const SWEPT = new RegExp(`^${RUN}/\\.a_KMER\\.pt\\.[^.]+\\.tmp$`, 'u');

export function wrongEnd(model: CrashFileSystem<Told>, sound: Buffer, saved: boolean): string[] {
  const wrong: string[] = [];
  const tree = model.disk.tree();
  if (tree.get(CHECKPOINT)?.equals(sound) !== true) wrong.push('the end is not that of an undisturbed run');
  for (const path of tree.keys()) {
    if (path === CHECKPOINT || SWEPT.test(path)) continue;
    // The removal of a spool need not be durable when the task is done: the next run's start removes it.
    if (!saved) wrong.push(`${path} is left over`);
  }
  return wrong;
}
