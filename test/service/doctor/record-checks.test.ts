import { afterAll, afterEach, expect, test } from 'vitest'
import type { Finding } from '../../../src/service/doctor/finding.ts'
import { checkStrandedRuns } from '../../../src/service/doctor/home-checks.ts'
import { findTamperedRuns } from '../../../src/service/doctor/record-checks.ts'
import { atSecondGate, aWorldWithEvidence, edit } from '../../engine/edited-store.ts'
import { start, type World } from '../../machines/crashing-engine.ts'
import { removeFolders } from '../../store/store-folders.ts'

let world: World
afterEach(() => world.store.close())
afterAll(removeFolders)

async function examined(): Promise<Finding[]> {
  const app = { deps: world.parts } as unknown as Parameters<typeof findTamperedRuns>[0]
  const tampered = await findTamperedRuns(app)
  return [...tampered.values(), ...(await checkStrandedRuns(app, tampered))]
}
const failed = (runId: string, why: string) => [
  {
    check: 'records of runs',
    status: 'fail',
    message: expect.stringMatching(new RegExp(`${runId}.*${why}`)),
    next: expect.stringContaining(`cutter run history ${runId}`),
  },
]

test('doctor fails for an open run whose history was edited, and does not call it stranded', async () => {
  world = aWorldWithEvidence()
  const { runId } = await atSecondGate(world)
  expect(await examined()).toEqual([])
  edit(world, runId, "update history set by = 'nobody' where run_id = @id and seq = 2")
  expect(await examined()).toEqual(failed(runId, 'entry 2 was edited'))
})

test('doctor fails for a closed run whose outcome was edited', async () => {
  world = aWorldWithEvidence()
  const { runId } = await start(world)
  await world.engine.cancel(runId, { reason: 'no' })
  edit(world, runId, "update runs set outcome = 'succeeded' where run_id = @id")
  expect(await examined()).toEqual(failed(runId, 'another outcome'))
})
