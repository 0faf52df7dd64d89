import { copyFileSync, readFileSync } from 'node:fs'
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

/** A home with a machine, whose cutter.yaml names this user, or another one, as its operator. */
function prepare(uid: number): void {
  at = aCutterHome(`machines: { rotate-keys: ./rotate-keys.ts }\noperators: { deploybot: uid:${uid} }\n`)
  copyFileSync(EXAMPLE, at.path('rotate-keys.ts'))
  at.file('key', 'a key\n')
}

const start = (...more: string[]) =>
  at.cutter(['run', 'start', 'rotate-keys', '--file', at.path('key'), ...more, '--json'])

/** Starts a run by the API, with the owner's token. */
const post = async ({ url }: ServingProgram, body: object) => {
  const token = readFileSync(at.path('var/owner-token'), 'utf8').trim()
  const answer = await fetch(`${url}/api/v1/runs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ machine: 'rotate-keys', input: { file: at.path('key') }, ...body }),
  })
  return (await answer.json()) as RunJson & { code: string; detail: string; next: string }
}

const { uid } = userInfo()

test('the owner of a home is the same operator alone, through the service, and by its API', async () => {
  prepare(uid)
  const operator = async ({ runId }: RunJson) => {
    const [first] = jsonOf<{ by: string; event: { operatorDeclared: string } }[]>(
      await at.cutter(['run', 'history', runId, '--json']),
    )
    return [first!.by, first!.event.operatorDeclared]
  }
  const others = ['--by', 'somebody']
  const refusedAlone = await start(...others)
  const runs = [jsonOf<RunJson>(await start())]
  service = await serve(at)
  runs.push(jsonOf<RunJson>(await start()), await post(service, {}))
  for (const run of runs) expect(await operator(run)).toEqual(['deploybot', 'config'])
  expect(await start(...others)).toEqual(refusedAlone)
  const error = JSON.parse(refusedAlone.stdout).error
  expect(error.code).toBe('OPERATOR_REFUSED')
  const { code, detail, next } = await post(service, { by: 'somebody' })
  expect({ code, message: detail, next }).toEqual(error)
})

test('an owner who is no operator is refused in the same words alone, through the service, and by its API', async () => {
  prepare(uid + 1)
  const alone = await start()
  const { error } = JSON.parse(alone.stdout)
  expect([alone.code, error.code]).toEqual([3, 'OPERATOR_REFUSED'])
  const stopped = await at.cutter(['hold', 'on', '--reason', 'a test', '--json'])
  expect(stopped.code).toBe(0)
  service = await serve(at)
  expect(await start()).toEqual(alone)
  const { code, detail, next } = await post(service, {})
  expect({ code, message: detail, next }).toEqual(error)
  // Whoever is no operator makes no token of another name either, and anybody switches a hold on.
  for (const command of [
    ['token', 'create', '--role', 'admin', '--name', 'ann'],
    ['hold', 'off', '--reason', 'a test'],
  ])
    expect((await at.cutter([...command, '--json'])).code, command.join(' ')).toBe(3)
  expect((await at.cutter(['hold', 'on', '--reason', 'again', '--json'])).code).toBe(0)
})
