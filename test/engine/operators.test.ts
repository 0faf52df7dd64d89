import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { configSchema } from '../../src/config/config-schema.ts'
import { assertOperator } from '../../src/engine/operators.ts'
import { approvalFor, aWorld, INPUT, start, succeeds, type World } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'

const operators = { deploybot: 'uid:1001', night: 'uid:1002' }
const here = { osUser: 'bot', uid: 1001, operators }

describe('who operates', () => {
  test('says so without a mapping, and is the OS user when nothing is said', () => {
    expect(assertOperator({ osUser: 'bot', uid: 1001 }, 'me')).toBe('me')
    expect(assertOperator({ osUser: 'bot' }, undefined)).toBe('bot')
  })

  test('is whom the mapping names for the user id, and nobody else', () => {
    expect(assertOperator(here, undefined)).toBe('deploybot')
    expect(assertOperator(here, 'deploybot')).toBe('deploybot')
    expect(() => assertOperator(here, 'night')).toThrow(
      /--by night is not who runs this: .* 1001 is deploybot/,
    )
    for (const uid of [0, 1003, null])
      expect(() => assertOperator({ ...here, uid }, undefined)).toThrow(/operates nothing here/)
    expect(() => assertOperator({ ...here, operators: {} }, 'deploybot')).toThrow(/names nobody/)
  })

  test('can’t be nobody, nor the engine', () => {
    for (const by of ['', ' ', 'engine'])
      expect(() => assertOperator({ osUser: 'bot' }, by)).toThrow(/names nobody/)
  })
})

describe('a run under a mapping', () => {
  let world: World
  afterEach(() => world.store.close())
  afterAll(removeFolders)

  test('is started and moved under the mapped label, and each entry says who vouches for it', async () => {
    world = aWorld(succeeds, { parts: { osUser: 'bot', uid: 1001, operators } })
    const run = await start(world)
    expect(run).toMatchObject({ startedBy: 'deploybot', osUser: 'bot' })
    const { approvalId } = await approvalFor(world, run)
    const refused = { code: 'OPERATOR_REFUSED' }
    await expect(world.engine.resume(run.runId, { approvalId, by: 'alice' })).rejects.toMatchObject(refused)
    world.parts.uid = 1003
    await expect(start(world)).rejects.toMatchObject(refused)
    await expect(world.engine.resume(run.runId, { approvalId })).rejects.toMatchObject(refused)
    await expect(world.engine.cancel(run.runId, { reason: 'x' })).rejects.toMatchObject(refused)
    expect(await world.store.run(run.runId)).toMatchObject({ seq: run.seq, status: 'paused' })

    world.parts.uid = 1002
    await world.engine.resume(run.runId, { approvalId })
    const history = await world.store.history(run.runId)
    expect(history[0]).toMatchObject({ by: 'deploybot', event: { operatorDeclared: 'config' } })
    expect(history.find(({ event }) => event.type === 'APPROVE')).toMatchObject({
      by: 'night',
      event: { operatorDeclared: 'config', osUser: 'bot' },
    })
  })

  test('is declared by its operator where there is no mapping', async () => {
    world = aWorld(succeeds)
    const run = await world.engine.start('cut', INPUT, { mode: 'dry-run', by: 'me' })
    await world.engine.cancel(run.runId, { reason: 'enough' })
    const history = await world.store.history(run.runId)
    expect([history[0], history.at(-1)]).toMatchObject([
      { by: 'me', event: { operatorDeclared: 'self' } },
      { by: 'uid:1001', event: { type: 'CANCEL', operatorDeclared: 'self', osUser: 'uid:1001' } },
    ])
  })
})

test.each([
  [{ deploybot: '1001' }, /uid: and a user id/],
  [{ a: 'uid:1001', b: 'uid:1001' }, /each user id one label/],
  [{ engine: 'uid:1001' }, /calls itself/],
  [{ ' ': 'uid:1001' }, /must be a label/],
])('a mapping such as %j is refused', (mapping, says) => {
  const parsed = configSchema.safeParse({ operators: mapping })
  expect(JSON.stringify(parsed.error?.issues)).toMatch(says)
})
