import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { EngineParts, InstalledMachine } from './parts.ts'

export async function known({ store }: Pick<EngineParts, 'store'>, id: string): Promise<Run> {
  const run = await store.run(id)
  if (run === null)
    throw new CutterError('RUN_NOT_FOUND', `there is no run ${id} here`, { next: 'cutter run list' })
  return run
}

/** A machine, or null where it can't be had: its module is gone or broken. */
export async function installedOrNull(
  { installed }: Pick<EngineParts, 'installed'>,
  name: string,
): Promise<InstalledMachine | null> {
  try {
    return await installed(name)
  } catch (error) {
    if (error instanceof CutterError) return null
    throw error
  }
}
