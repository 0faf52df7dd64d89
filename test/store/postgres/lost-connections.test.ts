import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import { openRunStore } from '../../../src/store/postgres/open-run-store.ts'
import type { RunStore } from '../../../src/store/run-store.ts'
import { openRelay } from '../../support/connection-relay.ts'
import { anEffect, firstStep, mine, stepAfter } from '../step-fixture.ts'
import { connecting, type StoreDatabase, type StoreServer, startStoreServer } from './store-database.ts'

/** A step is saved once, wherever the connection breaks, and nobody guesses whether it was. */

let server: StoreServer
let database: StoreDatabase
let relay: Awaited<ReturnType<typeof openRelay>>
let store: RunStore
beforeAll(async () => {
  server = await startStoreServer(18)
  database = await server.aDatabase()
  relay = await openRelay(server.port)
})
afterEach(() => store.close())
afterAll(async () => {
  relay?.close()
  await server?.close()
})

async function relayed() {
  await database.empty()
  relay.cutAfter(Number.POSITIVE_INFINITY)
  const url = `postgres://store_service@127.0.0.1:${relay.port}/${database.name}`
  store = openRunStore({ ...database.options, connect: connecting(url) })
  const start = firstStep()
  await store.create(start, mine)
  return start.run
}

const effectsOf = async ({ runId }: Run) => (await store.effects(runId)).map(({ invokeId }) => invokeId)

describe('a connection that is cut while a step is sent', () => {
  test.each([
    ['alone', false],
    ['with evidence and a timer', true],
  ])('%s, after any number of bytes, saves the step once', async (_, isFull) => {
    let run = await relayed()
    let effect = 'source_pin'
    let cuts = 0
    // Up to more than everything that is sent, COMMIT included: the last ones are not cut.
    for (let bytes = 1; bytes < 14_000; bytes += bytes < 400 ? 23 : 401) {
      const next = `effect-${bytes}`
      const rest = {
        evidence: [
          { name: 'e', digest: `sha256:${bytes}`, mediaType: 'text/plain', bytes: Buffer.from('e') },
        ],
        timersAsked: [{ timerId: next, dueAt: run.startedAt, event: { type: 'tick' } }],
      }
      const step = stepAfter(run, {
        effectDone: effect,
        effectsAsked: [anEffect(next)],
        ...(isFull ? rest : {}),
      })
      relay.cutAfter(bytes)
      cuts += 1
      await store.advance(step, mine)
      expect(await effectsOf(run)).toEqual([next])
      run = step.run
      effect = next
    }
    expect(await store.history(run.runId)).toHaveLength(cuts + 1)
    expect(await store.run(run.runId)).toEqual(run)
  })
})

test('a server that ends at once loses no step that was acknowledged, and refuses the others by name', async () => {
  const first = await relayed()
  const acknowledged: Run[] = [first]
  let afterRestart = 0
  let isRestarted = false
  const restarted = server.restart().then(() => {
    isRestarted = true
  })
  const refused: unknown[] = []
  while (afterRestart < 5) {
    const step = stepAfter(acknowledged.at(-1)!)
    await store.advance(step, mine).then(
      () => {
        acknowledged.push(step.run)
        if (isRestarted) afterRestart += 1
      },
      (error) => refused.push(error),
    )
    // A refused step may have been saved: what is there decides.
    const now = await store.run(first.runId).catch(() => null)
    if (now !== null && now.seq > acknowledged.at(-1)!.seq) acknowledged.push(now)
  }
  await restarted
  const last = acknowledged.at(-1)!
  expect(last.seq).toBeGreaterThan(5)
  expect(await store.run(first.runId)).toEqual(last)
  expect((await store.history(first.runId)).map(({ seq }) => seq)).toEqual(
    Array.from({ length: last.seq }, (_, index) => index + 1),
  )
  for (const error of refused)
    expect(error).toMatchObject({ name: 'CutterError', code: expect.stringMatching(/^STORE_/) })
})
