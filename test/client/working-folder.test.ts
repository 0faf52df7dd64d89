import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, aCutterHome, type CutterHome } from '../support/cli.ts'
import { type ServingProgram, serve } from '../support/serving-program.ts'

/** Paths of a command start from the folder where it is given, also where the service works in another one with files of the same names. */

const DEPLOY = ['run', 'start', 'deploy', '--source', '.', '--commit', 'main', '--host', 'web1']
/** Each names a file that is at fault here, and good or missing where the service is. */
const CALLS = [
  ['run', 'start', 'cut', '--document', 'X', '--source', 'c.md'],
  ['run', 'start', 'migrate', '--bundle', 'bundle', '--target', 'none'],
  [...DEPLOY, '--path', '/srv/app', '--checks', 'checks.yaml'],
  ['run', 'adopt', 'c.md', '--host', 'web1'],
  ['batch', 'start', 'laws'],
  ['document', 'scan', 'c.md'],
]

let at: CutterHome
let service: ServingProgram | null = null
let elsewhere: string
const alone: Answer[] = []

beforeAll(async () => {
  at = aCutterHome('hosts: { web1: { ssh: nowhere.invalid } }\n')
  elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-elsewhere-')))
  for (const folder of [at.home, elsewhere])
    for (const name of ['bundle', 'laws']) mkdirSync(join(folder, name))
  at.file('c.md', '# Charter\n\n## Article 1\n\nOne.\n')
  at.file('checks.yaml', '{}\n')
  writeFileSync(join(elsewhere, 'c.md'), Buffer.from([0xc3, 0x28, 0xff]))
  writeFileSync(join(elsewhere, 'checks.yaml'), 'nonsense: 1\n')
  writeFileSync(join(elsewhere, 'bundle/bundle.yaml'), 'nonsense: 1\n')
  for (const args of CALLS) alone.push(await at.cutter(['--home', at.home, ...args], { cwd: elsewhere }))
  service = await serve(at)
}, 120_000)
afterAll(async () => {
  await service?.end('SIGTERM')
  rmSync(elsewhere, { recursive: true, force: true })
  await at.remove()
})

test.each(CALLS.map((args, index) => [args.join(' '), index]))('%s', async (_, index) => {
  const args = ['--home', at.home, ...CALLS[index]!]
  const served = await at.cutter(args, { cwd: elsewhere })
  expect(served).toEqual(alone[index])
  expect(served.code).not.toBe(0)
})
