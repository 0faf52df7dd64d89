import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Run } from '../../domain/run.ts'
import { isInScope, isLimited } from './scope.ts'

type KeyHome = Pick<Home, 'caller' | 'store'>

/**
 * Checks that a start key is not that of a run which the caller's token does not reach. The error names no run.
 * @throws KEY_REUSED
 */
export async function assertKeyInScope(home: KeyHome, key: string | undefined): Promise<void> {
  if (key === undefined || !isLimited(home.caller)) return
  const run = await home.store.runByKey(key)
  if (run !== null && !isInScope(home, run)) throw foreignKeyError(key)
}

/** The error of a start as its caller may read it: a key that was taken names only a run that the caller's token reaches. */
export async function startErrorFor(
  home: KeyHome,
  key: string | undefined,
  error: unknown,
): Promise<unknown> {
  const isKeyReused = error instanceof CutterError && error.code === 'KEY_REUSED'
  if (key === undefined || !isKeyReused || !isLimited(home.caller)) return error
  const run = await home.store.runByKey(key)
  return run !== null && isInScope(home, run) ? error : foreignKeyError(key)
}

const foreignKeyError = (key: string) =>
  new CutterError('KEY_REUSED', `the key ${key} was used for another run; nothing was started`, {
    next: 'use another key',
  })

/**
 * The run of a start key that this process works on already, so that a repeated request gets the run and not a refusal. Null for any other
 * error, and for whoever runs this process, who gets the refusal.
 */
export async function findRunAtWork(
  home: KeyHome,
  key: string | undefined,
  error: unknown,
): Promise<Run | null> {
  const isHeld = error instanceof CutterError && error.code === 'RUN_HELD'
  if (key === undefined || !isHeld || home.caller === null) return null
  return home.store.runByKey(key)
}
