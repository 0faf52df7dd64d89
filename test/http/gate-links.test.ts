import { afterAll, beforeAll, expect, test } from 'vitest'
import { type GateService, openGates, type Waiting } from '../support/gate-refusals.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

/** A read-only link to a gate shows that gate, decides nothing, and ends when the run leaves the gate. */

let gates: GateService
let admin: string
let run: Waiting
let atFirst: string
let links = 0

const path = (more = '', { runId } = run) => `/api/v1/runs/${runId}${more}`
async function link(): Promise<string> {
  const body = { name: `link-${links++}`, role: 'viewer', run: run.runId, expires: '2d' }
  const { status, json } = await gates.at.post('/api/v1/tokens', admin, body)
  expect(status).toBe(201)
  return json.token
}
const gateOf = async (token: string) => {
  const { status, json } = await gates.at.get(path(), token)
  return [status, json.gate ?? json.code]
}
async function approve(as?: string) {
  const approval = await gates.sign(run, as === undefined ? {} : { as })
  expect((await gates.at.post(path('/resume'), gates.token, { approval })).status).toBe(200)
}

describeWithKeys('a read-only link', () => {
  beforeAll(async () => {
    gates = await openGates()
    admin = await gates.at.token({ name: 'linker', role: 'admin' })
    run = await gates.aRun()
    atFirst = await link()
  })
  afterAll(() => gates.close())

  test('shows its gate, with plan and what would follow, and no other run', async () => {
    const other = await gates.aRun()
    expect(await gateOf(atFirst)).toEqual([200, 'SG1'])
    for (const part of ['/plan', '/ahead', '/explain', '/plan/changes'])
      expect([part, (await gates.at.get(path(part), atFirst)).status]).toEqual([part, 200])
    expect((await gates.at.get(path('', other), atFirst)).status).toBe(404)
  })

  test('decides nothing', async () => {
    const approval = await gates.sign(run)
    for (const [to, body] of [
      [path('/resume'), { approval }],
      [path('/cancel'), { reason: 'by a link' }],
      ['/api/v1/hold/on', { reason: 'by a link' }],
    ] as const)
      expect([to, (await gates.at.post(to, atFirst, body)).json.code]).toEqual([to, 'ACCESS_REFUSED'])
    expect(await gateOf(atFirst)).toEqual([200, 'SG1'])
  })

  test('ends when the run comes to its next gate, and the next link is to that one', async () => {
    await approve()
    expect(await gateOf(admin)).toEqual([200, 'SG2'])
    expect(await gateOf(atFirst)).toEqual([401, 'TOKEN_REFUSED'])
    const { json } = await gates.at.get(path('/plan'), atFirst)
    expect(json.detail).toContain('was a link to a gate of run')
    const atSecond = await link()
    expect(await gateOf(atSecond)).toEqual([200, 'SG2'])
    await approve('carol@example.org')
    expect(await gateOf(atSecond)).toEqual([401, 'TOKEN_REFUSED'])
  })

  test('to a closed run shows that run', async () => {
    const { status, json } = await gates.at.get(path(), await link())
    expect([status, json.status]).toEqual([200, 'closed'])
  })
})
