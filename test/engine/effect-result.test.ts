// cspell:ignore ouput commited
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Stop } from '../../src/domain/errors.ts'
import { jsonEvidence } from '../../src/domain/evidence.ts'
import { parseEffectResult, parseProbe } from '../../src/engine/effect-result.ts'
import { writeEffect } from '../../src/machine/define-effect.ts'

const never = async () => ({ output: {} })
const pay = {
  ...writeEffect({
    name: 'pay',
    input: z.object({}),
    execute: never,
    simulate: never,
    probe: async () => ({ outcome: 'not-committed' as const }),
  }),
  source: { place: '/srv/pay.ts:7', files: ['/srv/pay.ts'] },
}
const strict = { ...pay, output: z.object({ amount: z.number() }) }
const circle: { [key: string]: unknown } = {}
circle.self = circle

function stopOf(parse: () => unknown): Stop {
  try {
    parse()
  } catch (error) {
    if (error instanceof Stop) return error
  }
  throw new Error('no stop')
}

describe('parseEffectResult refuses', () => {
  test.each<[string, unknown, string, string]>([
    ['nothing', undefined, 'returned nothing; expected { output: { … }', 'output'],
    ['null', null, 'returned null', 'output'],
    ['a text', 'done', 'returned a string', 'output'],
    ['a list', [], 'returned a list', 'output'],
    ['no output', {}, 'returned no output', 'output'],
    [
      'a misspelt output',
      { ouput: {} },
      'returned the field "ouput"; a result has output, evidence',
      'ouput',
    ],
    [
      'an outcome that is not committed',
      { outcome: 'not-committed', output: {} },
      'the field "outcome"',
      'outcome',
    ],
    ['a misspelt evidence', { output: {}, evidences: [] }, 'the field "evidences"', 'evidences'],
    ['a BigInt', { output: { n: 10n } }, 'JSON cannot hold: output.n is a BigInt', 'output.n'],
    ['a Date', { output: { at: { day: new Date(0) } } }, 'output.at.day is a Date', 'output.at.day'],
    ['a Map', { output: { all: [new Map()] } }, 'output.all[0] is a Map', 'output.all[0]'],
    ['not a number', { output: { n: Number.NaN } }, 'output.n is NaN', 'output.n'],
    ['a function', { output: { f: () => 1 } }, 'output.f is a function', 'output.f'],
    ['undefined in a list', { output: { l: [undefined] } }, 'output.l[0] is undefined', 'output.l[0]'],
    ['a circle', { output: circle }, 'output.self contains itself', 'output.self contains itself'],
    ['an output that is no object', { output: 'done' }, 'its output schema refuses', 'output'],
    ['evidence that is no list', { output: {}, evidence: {} }, 'it is not a list', 'evidence'],
    [
      'evidence made by hand',
      { output: {}, evidence: [jsonEvidence('a', 1), { name: 'b', bytes: 'x' }] },
      'evidence[1] was not made by jsonEvidence or bytesEvidence',
      'evidence',
    ],
  ])('%s, and names effect, place and field', (_, returned, message, field) => {
    const { facts } = stopOf(() => parseEffectResult(pay, returned, 'execute'))
    expect(facts.code).toBe('STOP_EFFECT_INVALID')
    expect(facts.message).toContain(
      'the effect pay (/srv/pay.ts:7) does not fit its contract: execute returned',
    )
    expect(facts.message).toContain(message)
    expect(facts.data).toEqual({ effect: 'pay', definedAt: '/srv/pay.ts:7', field })
  })

  test('an output that the effect’s own schema refuses, and names the field and what was expected', () => {
    const { facts } = stopOf(() => parseEffectResult(strict, { output: { amount: '3' } }, 'simulate'))
    expect(facts.message).toContain('simulate returned output.amount that its output schema refuses')
    expect(facts.message).toMatch(/expected number/)
    expect(facts.data).toMatchObject({ field: 'output.amount' })
  })
})

test('parseEffectResult accepts output and evidence, and drops properties that are undefined only as JSON does', () => {
  const evidence = [jsonEvidence('plan/SG1', { does: 'all' })]
  expect(parseEffectResult(strict, { output: { amount: 3 }, evidence }, 'execute')).toEqual({
    output: { amount: 3 },
    evidence,
  })
  expect(parseEffectResult(strict, { output: { amount: 3 } }, 'execute')).toEqual({ output: { amount: 3 } })
})

test('parseEffectResult accepts what a probe found as committed, without its outcome', () => {
  const found = { outcome: 'committed', output: { amount: 3 } }
  expect(parseEffectResult(strict, found, 'simulate')).toEqual({ output: { amount: 3 } })
})

describe('parseProbe', () => {
  test.each<[string, unknown, string]>([
    ['a misspelt outcome', { outcome: 'commited', output: {} }, 'the outcome "commited"'],
    ['another spelling', { outcome: 'not_committed' }, 'the outcome "not_committed"'],
    ['no outcome', { output: {} }, 'no outcome'],
    ['a boolean as outcome', { outcome: false }, 'the outcome false'],
    ['nothing', undefined, 'returned nothing'],
    ['a boolean', true, 'returned a boolean'],
    ['a text', 'committed', 'returned a string'],
    ['null', null, 'returned null'],
  ])('takes %s as unknown, and says why', (_, returned, why) => {
    const found = parseProbe(pay, returned)
    expect(found.outcome).toBe('unknown')
    expect(found).toMatchObject({
      why: expect.stringContaining('probe of the effect pay (/srv/pay.ts:7) returned'),
    })
    expect(found).toMatchObject({ why: expect.stringContaining(why) })
  })

  test('takes an unknown without a reason as unknown', () => {
    expect(parseProbe(pay, { outcome: 'unknown' })).toEqual({
      outcome: 'unknown',
      why: 'the probe gives no reason',
    })
  })

  test('refuses committed without an output, so that no later effect works on nothing', () => {
    const { facts } = stopOf(() => parseProbe(pay, { outcome: 'committed' }))
    expect(facts.message).toContain('probe returned no output')
  })

  test('accepts the three outcomes', () => {
    expect(parseProbe(pay, { outcome: 'committed', output: { a: 1 } })).toEqual({
      outcome: 'committed',
      output: { a: 1 },
    })
    expect(parseProbe(pay, { outcome: 'not-committed' })).toEqual({ outcome: 'not-committed' })
    expect(parseProbe(pay, { outcome: 'unknown', why: 'offline' })).toEqual({
      outcome: 'unknown',
      why: 'offline',
    })
  })
})
