import { afterAll, describe, expect, test } from 'vitest'
import type { Run } from '../../src/domain/run.ts'
import { aWorld, INPUT, succeeds, theRun } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'

afterAll(removeFolders)

/** A start that finds no run with its key, and is overtaken by another start before it saves its own first step. */
async function overtaken(
  input: typeof INPUT,
): Promise<{ first: Run; second: Promise<Run>; world: ReturnType<typeof aWorld> }> {
  const world = aWorld(succeeds)
  const { runByKey } = world.parts.store
  const begin = (given: typeof INPUT) =>
    world.engine.start('cut', given, { mode: 'dry-run', key: 'release-7' })
  let first: Run | null = null
  world.parts.store.runByKey = async (key) => {
    const found = await runByKey(key)
    world.parts.store.runByKey = runByKey
    first = await begin(INPUT)
    return found
  }
  const second = begin(input)
  await second.catch(() => undefined)
  return { first: first!, second, world }
}

describe('a start that another start with its key overtakes', () => {
  test('the slower start returns the run of the faster one if the input is the same', async () => {
    const { first, second, world } = await overtaken(INPUT)
    expect((await second).runId).toBe(first.runId)
    expect((await theRun(world)).head).toBe(first.head)
  })

  test('the slower start is refused if the input differs', async () => {
    const { first, second, world } = await overtaken({ ...INPUT, document: 'OTHER' })
    await expect(second).rejects.toMatchObject({ code: 'KEY_REUSED', data: { runId: first.runId } })
    expect((await theRun(world)).head).toBe(first.head)
  })
})
