import { copyFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { type ServingProgram, serve } from '../support/serving-program.ts'

/** Whose name stands in a history when the owner of a home goes through its service. */

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')

let at: CutterHome
let service: ServingProgram | null = null
afterEach(async () => {
  await service?.end('SIGTERM')
  service = null
  await at.remove()
})

test('user ids of cutter.yaml name the operator of a process, and the token names that of a call of the service', async () => {
  const { uid, username } = userInfo()
  at = aCutterHome(`machines: { rotate-keys: ./rotate-keys.ts }\noperators: { deploybot: uid:${uid} }\n`)
  copyFileSync(EXAMPLE, at.path('rotate-keys.ts'))
  const start = (...more: string[]) =>
    at.cutter(['run', 'start', 'rotate-keys', '--file', at.file('key', 'a key\n'), ...more, '--json'])
  const operator = async (runId: string) => {
    const [first] = jsonOf<{ by: string; event: { operatorDeclared: string } }[]>(
      await at.cutter(['run', 'history', runId, '--json']),
    )
    return [first!.by, first!.event.operatorDeclared]
  }
  const alone = jsonOf<RunJson>(await start())
  expect(await operator(alone.runId)).toEqual(['deploybot', 'config'])
  service = await serve(at)
  const served = jsonOf<RunJson>(await start())
  expect(await operator(served.runId)).toEqual([username, 'token'])
  const refused = await start('--by', 'deploybot')
  expect([refused.code, JSON.parse(refused.stdout).error.code]).toEqual([3, 'OPERATOR_REFUSED'])
})
