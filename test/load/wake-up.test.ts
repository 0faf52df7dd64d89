import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { aSigner, enableExecution } from '../support/cli-steps.ts'
import { clientOf, type LoadHome, openLoadHome, quantile } from './load-home.ts'

/** How soon an approval that arrives wakes its run, on a machine with nothing else to do. */

const RUNS = 41
/** Between two approvals, in milliseconds. */
const REST_MS = 1_000
const ALICE = 'alice@example.org'

let home: LoadHome | null = null
afterEach(async () => {
  await home?.close()
  home = null
})

interface Entry {
  at: string
  event: { type: string }
}

test('an approval wakes its run within 50 ms in the median', { timeout: 900_000 }, async () => {
  home = await openLoadHome('execution: { allowLive: true }\napprovals: { resume: automatic }\n')
  await enableExecution(home.at)
  const keyFile = aSigner(home.at, ALICE, 'cutter.waiter.*')
  const { ask, errors, headers } = clientOf(home.service.url, await home.token('importer'))
  const signed: { runId: string; statement: string; signature: string }[] = []
  for (let index = 0; index < RUNS; index++) {
    const body = { machine: 'waiter', input: { id: `k${index}` }, mode: 'live' }
    const { runId } = (await ask<{ runId: string }>('/api/v1/runs', body))!
    const answer = await fetch(`${home.service.url}/api/v1/runs/${runId}/statement`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ as: ALICE, decision: 'approve', reason: 'read it' }),
    })
    const statement = await answer.text()
    const signature = await signText({ text: statement, keyFile, namespace: 'cutter.waiter.SG1' })
    signed.push({ runId, statement, signature })
  }
  const waits: number[] = []
  for (const { runId, ...approval } of signed) {
    // People read: the service has written its reports by the time that they answer.
    await sleep(REST_MS)
    const sent = Date.now()
    await ask('/api/v1/approvals', approval)
    await ask(`/api/v1/runs/${runId}/wait?for=closed&timeout=50`)
    const history = (await ask<Entry[]>(`/api/v1/runs/${runId}/history`))!
    const woken = history.find(({ event }) => event.type === 'APPROVE')
    expect(woken, `run ${runId} was not woken: ${errors.join(', ')}`).toBeDefined()
    waits.push(Date.parse(woken!.at) - sent)
  }
  const [median, best, worst] = [0.5, 0, 1].map((share) => quantile(waits, share))
  const load = loadavg()[0]!.toFixed(1)
  console.log(
    `${RUNS} approvals, from the request to the entry in the history: median ${median} ms, ${best} to ${worst} ms; load ${load}`,
  )
  expect(errors).toEqual([])
  expect(median).toBeLessThan(50)
})
