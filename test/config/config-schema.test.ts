import { expect, test } from 'vitest'
import { configSchema } from '../../src/config/config-schema.ts'

const [READER, EXECUTOR, VERIFIER, MIGRATOR] = ['reader', 'executor', 'verifier', 'migrator'].map(
  (role) => `${role}UrlEnv`,
) as [string, string, string, string]

const accepts = (...keys: string[]) =>
  configSchema.safeParse({ targets: { shop: Object.fromEntries(keys.map((key) => [key, 'URL'])) } }).success

test.for([
  { keys: [READER, EXECUTOR, VERIFIER], purpose: 'cuts' },
  { keys: [READER, EXECUTOR, VERIFIER, MIGRATOR], purpose: 'cuts and migrations' },
  { keys: [MIGRATOR], purpose: 'migrations' },
  { keys: [READER, MIGRATOR], purpose: 'migrations, whose checks the reader asks' },
])('a target may name the logins for $purpose', ({ keys }) => {
  expect(accepts(...keys)).toBe(true)
})

test.for([
  { keys: [] },
  { keys: [READER] },
  { keys: [EXECUTOR] },
  { keys: [READER, VERIFIER] },
  { keys: [EXECUTOR, VERIFIER, MIGRATOR] },
  { keys: [READER, EXECUTOR, MIGRATOR] },
])('a target that names only $keys is refused', ({ keys }) => {
  expect(accepts(...keys)).toBe(false)
})
