import { realpathSync } from 'node:fs'
import { CutterError } from '../domain/errors.ts'
import { createLoader } from './create-loader.ts'
import { assertWrittenByOwner } from './load-module.ts'
import type { Trial } from './trial.ts'

/**
 * Loads how a machine is tried: what a file exports as `trial`.
 * @throws INPUT_REFUSED when it exports none, FILES_UNSAFE when others may write it
 */
export async function loadTrial(file: string): Promise<Trial> {
  const refused = (why: string, cause?: unknown) =>
    new CutterError('INPUT_REFUSED', `${file} can't be used as a trial: ${why}; nothing was tried`, {
      next: 'export const trial: Trial = { world: () => ({ input: { … } }) }; cutter machine new shows one',
      cause,
    })
  let exported: { trial?: Partial<Trial> }
  try {
    const path = realpathSync(file)
    assertWrittenByOwner([path])
    exported = await createLoader(path).import(path)
  } catch (cause) {
    if (cause instanceof CutterError) throw cause
    throw refused(cause instanceof Error ? cause.message.split('\n')[0]! : String(cause), cause)
  }
  if (typeof exported.trial?.world !== 'function') throw refused('it exports no trial with a function world')
  return exported.trial as Trial
}
