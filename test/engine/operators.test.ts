import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { configSchema } from '../../src/config/config-schema.ts'
import { cleanName } from '../../src/domain/person-names.ts'
import { assertOperator } from '../../src/engine/operators.ts'
import { approvalFor, aWorld, INPUT, start, succeeds, type World } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'

const operators = { deploybot: 'uid:1001', night: 'uid:1002' }
const here = { osUser: 'bot', uid: 1001, operators }

describe('assertOperator', () => {
  test('without a mapping the operator is the given label, or the OS user', () => {
    expect(assertOperator({ osUser: 'bot', uid: 1001 }, 'me')).toBe('me')
    expect(assertOperator({ osUser: 'bot' }, undefined)).toBe('bot')
  })

  test('with a mapping the operator is the label of the user id', () => {
    expect(assertOperator(here, undefined)).toBe('deploybot')
    expect(assertOperator(here, 'deploybot')).toBe('deploybot')
    expect(() => assertOperator(here, 'night')).toThrow(
      /--by night is not the operator of this process: .* 1001 is deploybot/,
    )
    for (const uid of [0, 1003, null])
      expect(() => assertOperator({ ...here, uid }, undefined)).toThrow(/is not an operator here/)
    expect(() => assertOperator({ ...here, operators: {} }, 'deploybot')).toThrow(
      /names nobody|not a valid label/,
    )
  })

  test.each([
    '',
    ' ',
    '\u200b',
    '\u2066\u2069',
    'engine',
    'Engine',
    ' engine ',
    'en\u200bgine',
    '\u202eengine',
    '\uff45\uff4e\uff47\uff49\uff4e\uff45',
    'cutter-instance@vm',
    'Cutter-Instance@vm',
  ])('the label %j is refused, as option and as OS user', (label) => {
    expect(() => assertOperator({ osUser: 'bot' }, label)).toThrow(/--by .* is not a valid label: it is/)
    expect(() => assertOperator({ osUser: label }, undefined)).toThrow(/OS user .* is not a valid label/)
    if (cleanName(label) !== '')
      expect(configSchema.safeParse({ operators: { [label]: 'uid:1' } }).success).toBe(false)
  })

  test('a label is recorded without invisible characters and needless white space', () => {
    expect(assertOperator({ osUser: 'bot' }, ' Deploy\u200b\u00a0\tBot\n')).toBe('Deploy Bot')
  })

  test('a label that differs from the mapped one in case or white space only is that label', () => {
    expect(assertOperator(here, ' DeployBot\u200d')).toBe('deploybot')
  })
})

describe('a run with mapped operators', () => {
  let world: World
  afterEach(() => world.store.close())
  afterAll(removeFolders)

  test('each entry has the mapped label and the source of the label', async () => {
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

  test('an entry without a mapping says that the operator declared the label', async () => {
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
  [{ 'a\u200b': 'uid:1001' }, /without invisible characters/],
  [{ night: 'uid:1001', Night: 'uid:1002' }, /differ only in case/],
])('cutter.yaml with the operators %j is refused', (mapping, says) => {
  const parsed = configSchema.safeParse({ operators: mapping })
  expect(JSON.stringify(parsed.error?.issues)).toMatch(says)
})
