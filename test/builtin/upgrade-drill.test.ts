import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { aCutterHome, type CutterHome, type EntryJson, jsonOf } from '../support/cli.ts'
import { ALICE, aSigner } from '../support/cli-steps.ts'
import { inParallel } from '../support/in-parallel.ts'
import { type ServingProgram, serve } from '../support/serving-program.ts'

/**
 * The upgrade of an installation: 50 runs that Cutter 0.2.0 left waiting at a gate, with a service of the build under test. It upgrades each
 * when it is asked to resume it, and closes it with an approval of the plan that it makes then.
 */

const FIXTURE = resolve(import.meta.dirname, '../fixtures/v0.2.0')
const [LIVE, ALL] = [40, 50]

interface Listed {
  runId: string
  mode: 'live' | 'dry-run'
  status: string
  outcome: string | null
}

let at: CutterHome
let service: ServingProgram
let headers: { [name: string]: string }
let key: string

beforeAll(async () => {
  at = aCutterHome()
  const input = brotliDecompressSync(readFileSync(`${FIXTURE}/home.tar.br`))
  execFileSync('tar', ['-xpf', '-', '-C', at.home], { input })
  at.file('allowed_signers', '')
  key = aSigner(at, ALICE, 'cutter.*')
  at.file('cutter.yaml', `${readFileSync(at.path('cutter.yaml'), 'utf8')}approvals: { resume: automatic }\n`)
  await at.cutter(['execution', 'enable', '--for', '2h', '--reason', 'the drill'])
  const made = await at.cutter(['token', 'create', '--role', 'operator', '--name', 'drill', '--json'])
  headers = {
    authorization: `Bearer ${jsonOf<{ token: string }>(made).token}`,
    'content-type': 'application/json',
  }
  service = await serve(at)
})
afterAll(async () => {
  await service?.end('SIGTERM')
  await at.remove()
})

async function textOf(path: string, body?: object): Promise<string> {
  const how = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) }
  const answer = await fetch(service.url + path, how)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
  return text
}
const ask = async <Answer>(path: string, body?: object) => JSON.parse(await textOf(path, body)) as Answer

const listed = () => ask<Listed[]>('/api/v1/runs?limit=100')

test(`${ALL} runs that an older version left waiting all close with this one`, {
  timeout: 300_000,
}, async () => {
  const waiting = await listed()
  expect(waiting.filter(({ status }) => status === 'paused')).toHaveLength(ALL)
  expect(waiting.filter(({ mode }) => mode === 'live')).toHaveLength(LIVE)

  await inParallel(ALL, 4, async (index) => {
    const { runId, mode } = waiting[index]!
    await expect(ask(`/api/v1/runs/${runId}/resume`, {})).rejects.toThrow('APPROVAL_REQUIRED')
    if (mode === 'dry-run') return void (await ask(`/api/v1/runs/${runId}/rehearsals`, { reason: 'read' }))
    const body = { as: ALICE, decision: 'approve', reason: 'read' }
    const statement = await textOf(`/api/v1/runs/${runId}/statement`, body)
    const signature = await signText({ text: statement, keyFile: key, namespace: 'cutter.waiter.SG1' })
    await ask('/api/v1/approvals', { statement, signature })
  })
  await expect
    .poll(async () => (await listed()).filter(({ outcome }) => outcome !== 'succeeded'), { timeout: 120_000 })
    .toEqual([])

  for (const { runId } of waiting) {
    const history = await ask<EntryJson[]>(`/api/v1/runs/${runId}/history`)
    const upgrades = history.filter(({ event }) => event.type === 'cutter.upgraded')
    expect(upgrades.map(({ event }) => event.arrival)).toEqual([expect.objectContaining({ gate: 'SG1' })])
  }
  const written = Array.from({ length: ALL }, (_, index) => at.path(`n${index + 1}.done`)).filter(existsSync)
  const authors = written.map((file) => readFileSync(file, 'utf8').trim())
  const live = waiting.filter(({ mode }) => mode === 'live').map(({ runId }) => runId)
  expect(authors.sort()).toEqual(live.sort())
  expect(jsonOf(await at.cutter(['store', 'check', '--json']))).toMatchObject({ runs: ALL, faults: [] })
})
