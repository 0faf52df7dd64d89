import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { serve } from '../support/serving-program.ts'

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
/** Where the effect of the first phase begins. */
const BEGINS = 'async execute(_context, { file }) {\n'

let at: CutterHome
let runId: string

beforeAll(async () => {
  at = aCutterHome('machines: { rotate-keys: ./rotate-keys.ts }\n')
  const kill = `(await import('node:child_process')).execFileSync('kill', ['-9', String(process.pid)])`
  const source = readFileSync(EXAMPLE, 'utf8')
  expect(source).toContain(BEGINS)
  at.file('rotate-keys.ts', source.replace(BEGINS, `${BEGINS}    if (process.env.DIE === 'yes') ${kill}\n`))
  at.file('service.key', 'a key\n')
  at.env.DIE = 'yes'
  await expect(at.cutter(['run', 'start', 'rotate-keys', '--file', 'service.key'])).rejects.toThrow('SIGKILL')
  delete at.env.DIE
  runId = jsonOf<{ runId: string }[]>(await at.cutter(['run', 'list', '--json']))[0]!.runId
})
afterAll(() => at.remove())

test('doctor --runs names the command that continues a run whose process has ended', async () => {
  const { code, stdout } = await at.cutter(['doctor', '--runs'])
  expect(code).toBe(0)
  expect(stdout).toMatch(
    new RegExp(
      `^warn {2}${runId} at \\w+: its process has ended; cutter run resume ${runId} continues it$`,
      'm',
    ),
  )
  const [prospect] = jsonOf<object[]>(await at.cutter(['doctor', '--runs', '--json']))
  expect(prospect).toMatchObject({ status: 'working', wakes: 'resume', isStranded: false })
})

test('a service continues such a run by itself', async () => {
  const service = await serve(at)
  try {
    await expect
      .poll(async () => (await at.cutter(['run', 'show', runId])).stdout)
      .toContain('waits at gate SG1')
  } finally {
    await service.end('SIGTERM')
  }
})
