import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { EngineParts } from './parts.ts'

export async function known({ store }: Pick<EngineParts, 'store'>, id: string): Promise<Run> {
  const run = await store.run(id)
  if (run === null)
    throw new CutterError('RUN_NOT_FOUND', `there is no run ${id} here`, { next: 'cutter run list' })
  return run
}
