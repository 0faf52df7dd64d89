import { chmodSync, mkdirSync, readFileSync, rmdirSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf } from '../support/cli.ts'
import { ALICE, approve, aSigner, enableExecution, resume } from '../support/cli-steps.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

const EXAMPLE = readFileSync(resolve(import.meta.dirname, '../examples/rotate-keys.ts'))
const MACHINE = 'machines: { rotate-keys: ./rotate-keys.ts }\n'
const OLD = 'old key\n'

const isRoot = process.getuid?.() === 0
if (!isRoot) console.log('skipped "restores a file of root": only root can make one')

describeWithKeys('store restore with approvals.strict: owner', () => {
  let at: CutterHome
  let forger: CutterHome
  beforeEach(() => {
    at = aCutterHome(`execution: { allowLive: true }\n${MACHINE}`)
    forger = aCutterHome(`execution: { allowLive: true }\n${MACHINE}`)
    for (const home of [at, forger]) home.file('rotate-keys.ts', EXAMPLE)
    at.file('service.key', OLD)
    mkdirSync(at.path('open'))
    chmodSync(at.path('open'), 0o777)
  })
  afterEach(async () => {
    await at.remove()
    await forger.remove()
  })

  const strict = () =>
    at.file('cutter.yaml', `execution: { allowLive: true }\n${MACHINE}approvals: { strict: owner }\n`)

  /** A store with a run that passed its gate under an approver of the forger's own, and stopped before its write. */
  async function forge(): Promise<{ runId: string; file: string }> {
    const key = aSigner(forger, ALICE, 'cutter.rotate-keys.SG1')
    await enableExecution(forger)
    const args = ['run', 'start', 'rotate-keys', '--file', at.path('service.key'), '--mode', 'live', '--json']
    const { runId } = jsonOf(await forger.cutter(args))
    mkdirSync(at.path('service.key.new'))
    expect(jsonOf(await approve(forger, runId, key)).status).toBe('stopped')
    rmdirSync(at.path('service.key.new'))
    const file = at.path('open/forged.db')
    expect((await forger.cutter(['store', 'backup', '--out', file])).code).toBe(0)
    return { runId, file }
  }

  test('refuses a store that others could have made, so that its runs write nothing', async () => {
    const { runId, file } = await forge()
    strict()
    const answer = await at.cutter(['store', 'restore', file, '--discard-newer', '--json'])
    expect([answer.code, jsonOf<{ error: ErrorJson }>(answer).error.code]).toEqual([3, 'FILES_UNSAFE'])
    expect(answer.stderr).toContain('folder of root')
    expect((await resume(at, runId)).code).toBe(4)
    expect(readFileSync(at.path('service.key'), 'utf8')).toBe(OLD)
  })

  test.runIf(isRoot)('restores a file of root in a folder of root, for Cutter’s user alone', async () => {
    expect((await at.cutter(['store', 'backup', '--out', 'mine.db'])).code).toBe(0)
    chmodSync(at.path('mine.db'), 0o644)
    strict()
    expect((await at.cutter(['store', 'restore', 'mine.db'])).code).toBe(0)
    expect(statSync(at.path('var/cutter.db')).mode & 0o777).toBe(0o600)
  })

  test('restores any file without strict: owner, and then the run of that store continues', async () => {
    const { runId, file } = await forge()
    await at.cutter(['run', 'list'])
    expect((await at.cutter(['store', 'restore', file])).stderr).toBe('')
    await enableExecution(at)
    expect(jsonOf(await resume(at, runId)).outcome).toBe('succeeded')
    expect(readFileSync(at.path('service.key'), 'utf8')).not.toBe(OLD)
  })
})
