import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readConnectionString } from '../../../src/targets/postgres/connection-string.ts'
import { withEnvironment, withSettingsOf } from '../../../src/targets/postgres/session-options.ts'

const url = (options?: string) =>
  `postgres://owner@db/shop${options === undefined ? '' : `?options=${encodeURIComponent(options)}`}`
const optionsOf = (text: string) => readConnectionString(text).parameters.options

beforeEach(() => vi.stubEnv('PGOPTIONS', undefined))
afterEach(() => vi.unstubAllEnvs())

test.each<[string, { target?: string; environment?: string; instance?: string }, string]>([
  ['nothing', {}, ' '],
  ['settings of the target', { target: '-c search_path=app' }, '-c search_path=app'],
  ['settings of PGOPTIONS', { environment: '-c search_path=app' }, '-c search_path=app'],
  ['no PGOPTIONS where the target has options', { target: ' ', environment: '-c a.b=c' }, ' '],
  ['none of its own', { instance: '-c search_path=public' }, ' '],
  ['those of the target, not its own', { target: '-ca.b=c', instance: '-c a.b=d --work-mem=9MB' }, '-ca.b=c'],
  [
    'those of PGOPTIONS, not its own',
    { environment: '-c a.b=x\\ y --work-mem=8MB', instance: '-c a.b=d' },
    '-c a.b=x\\ y --work-mem=8MB',
  ],
  [
    'the words of its provider, not those of the target’s',
    { target: 'endpoint=one -c a.b=c', instance: 'endpoint=two -c a.b=d' },
    'endpoint=two -c a.b=c',
  ],
  ['the words of the server', { target: '-S 1234 -f s' }, '-S 1234 -f s'],
])('a restored instance gets %s', (_, { target, environment, instance }, expected) => {
  vi.stubEnv('PGOPTIONS', environment)
  expect(optionsOf(withSettingsOf(url(target), url(instance)))).toBe(expected)
})

test.each<[string | undefined, string | undefined, string | undefined]>([
  [undefined, undefined, undefined],
  [undefined, '-c role=owner', '-c role=owner'],
  ['-c role=other', '-c role=owner', '-c role=other'],
])('a tool gets the options that sessions get: %s, PGOPTIONS %s', (options, environment, expected) => {
  vi.stubEnv('PGOPTIONS', environment)
  expect(optionsOf(withEnvironment(url(options)))).toBe(expected)
})
