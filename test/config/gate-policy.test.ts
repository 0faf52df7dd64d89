import { expect, test } from 'vitest'
import { gatePolicyOf } from '../../src/config/gate-policy.ts'

const config = (policy: object) => ({ approvals: { policy } }) as Parameters<typeof gatePolicyOf>[0]
const page = 'https://one.example.org'
const other = 'https://two.example.org'
const FIRST = {
  need: 2,
  fourEyes: false,
  validHours: 8,
  of: ['alice', 'bob', 'carol'],
  presence: 'preferred',
  origins: [page, other],
}
const SECOND = {
  validHours: 3,
  of: ['bob', 'carol', 'dave'],
  presence: 'required',
  verification: 'required',
  origins: [other],
  rpIds: ['example.org'],
}

test.each([
  ['SG1', 'SG2'],
  ['SG2', 'SG1'],
])('abandon without a policy asks what %s and %s ask together', (...gates) => {
  const policies = config({ 'cut.SG1': FIRST, 'cut.SG2': SECOND })
  expect(gatePolicyOf(policies, 'cut', 'abandon', gates)).toEqual({
    need: 2,
    fourEyes: true,
    validHours: 3,
    of: ['bob', 'carol'],
    presence: 'required',
    verification: 'required',
    origins: [other],
    rpIds: ['example.org'],
  })
})

test.each([
  [['SG1', 'SG2'], { presence: undefined, origins: [], rpIds: undefined, of: undefined, validHours: 1 }],
  [['SG1'], { presence: 'preferred', origins: [page], validHours: 1 }],
  [[], { presence: 'preferred', origins: [page], validHours: 1 }],
])('a gate without a policy asks its defaults of abandon: %j', (gates, asked) => {
  const policies = config({ 'cut.SG1': { presence: 'preferred', origins: [page], validHours: 1 } })
  expect(gatePolicyOf(policies, 'cut', 'abandon', gates)).toMatchObject(asked)
})

test('abandon of a run that has arrived at no gate asks what all gates with a policy ask together', () => {
  const policies = config({
    'cut.SG1': FIRST,
    'cut.SG2': SECOND,
    'deploy.SG1': { need: 5 },
    'cutter.SG1': { need: 6 },
  })
  expect(gatePolicyOf(policies, 'cut', 'abandon', [])).toEqual(
    gatePolicyOf(policies, 'cut', 'abandon', ['SG1', 'SG2']),
  )
  const defaults = { need: 1, fourEyes: true, validHours: 12 }
  expect(gatePolicyOf(config({}), 'cut', 'abandon', [])).toEqual(defaults)
})

test('abandon with a policy of its own has that one', () => {
  const policies = config({ 'cut.SG1': FIRST, 'cut.abandon': { need: 3 } })
  expect(gatePolicyOf(policies, 'cut', 'abandon', ['SG1'])).toEqual({
    need: 3,
    fourEyes: true,
    validHours: 12,
  })
})
