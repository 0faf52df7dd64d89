import { spawnSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aCutterHome, type CutterHome } from '../support/cli.ts'

const program = resolve(import.meta.dirname, '../../dist/cutter.cjs')

let at: CutterHome
beforeAll(() => {
  at = aCutterHome('machines: { rotate-keys: ./rotate-keys.ts }\n')
  copyFileSync(resolve(import.meta.dirname, '../examples/rotate-keys.ts'), at.path('rotate-keys.ts'))
  at.file('service.key', 'a key\n')
})
afterAll(() => at.remove())

const COMMANDS = [
  'machine list',
  'run list',
  'run start rotate-keys --file service.key',
  'run start rotate-keys --file service.key --json',
  'run list --output jsonl',
  'document profiles',
  '--help',
]

test.each(COMMANDS)('a reader that ends before the output of "%s" is no error', (words) => {
  const pipe = ['-c', 'set -o pipefail; "$@" | true', '_', process.execPath, program, ...words.split(' ')]
  const { stderr, status } = spawnSync('bash', pipe, { cwd: at.home, env: at.env, encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, ''])
})
