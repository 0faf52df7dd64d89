import { readFileSync } from 'node:fs'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { type ServingProgram, serve } from '../support/serving-program.ts'

/** A home for measurements: one machine that waits at a gate, one that works for ten seconds, and one that ends at once. */

const MACHINES = `
import { chart, defineMachine, gated, planOf, readEffect, success, work } from 'cutter'
import { z } from 'zod'

const input = z.object({ id: z.string() })
const pause = (ms, signal) => new Promise((done) => {
  const timer = setTimeout(done, ms)
  signal?.addEventListener('abort', () => { clearTimeout(timer); done() }, { once: true })
})
const plan = (name) => readEffect({ name, input, execute: async (_context, { id }) => planOf('SG1', { id }) })
const step = (name, ms) => readEffect({ name, input, async execute({ signal }) {
  if (ms > 0) await pause(ms, signal)
  return { output: {} }
} })
`
const WAITER = `${MACHINES}
export const machine = defineMachine({
  name: 'waiter', version: '1', input,
  effects: [plan('plan'), step('rest', 0)],
  logic: chart({
    PENDING: work('plan', 'WAITS'),
    WAITS: gated('SG1', { recheck: 'plan', work: 'rest', next: 'DONE' }),
    DONE: success,
  }),
})
`
const WORKER = `${MACHINES}
export const machine = defineMachine({
  name: 'worker', version: '1', input,
  effects: ['a', 'b', 'c', 'd', 'e'].map((name) => step(name, 2000)),
  logic: chart({
    PENDING: work('a', 'B'), B: work('b', 'C'), C: work('c', 'D'), D: work('d', 'E'), E: work('e', 'DONE'), DONE: success,
  }),
})
`
const QUICK = `${MACHINES}
export const machine = defineMachine({
  name: 'quick', version: '1', input,
  effects: [step('only', 0)],
  logic: chart({ PENDING: work('only', 'DONE'), DONE: success }),
})
`

export interface LoadHome {
  at: CutterHome
  service: ServingProgram
  token(name: string): Promise<string>
  /** Resident memory of the service, in MiB. */
  memory(): number
  close(): Promise<void>
}

/** @param config what cutter.yaml has besides its machines */
export async function openLoadHome(config = ''): Promise<LoadHome> {
  const at = aCutterHome(
    `machines: { waiter: ./waiter.ts, worker: ./worker.ts, quick: ./quick.ts }\n${config}`,
  )
  for (const [name, text] of Object.entries({ waiter: WAITER, worker: WORKER, quick: QUICK }))
    at.file(`${name}.ts`, text)
  const service = await serve(at)
  return {
    at,
    service,
    async token(name) {
      const made = await at.cutter(['token', 'create', '--name', name, '--role', 'operator', '--json'])
      return jsonOf<{ token: string }>(made).token
    },
    memory() {
      const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8')) ?? []
      return Number(kib) / 1024
    },
    async close() {
      await service.end('SIGTERM')
      await at.remove()
    },
  }
}

/** A client with connections of its own. Errors are counted, and the time of each answer in milliseconds. */
export function clientOf(url: string, token: string) {
  const times: number[] = []
  const errors: string[] = []
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return {
    times,
    errors,
    headers,
    /** Resolves to the parsed answer; null for an error, which is kept. */
    async ask<Answer>(path: string, body?: object): Promise<Answer | null> {
      const begun = performance.now()
      try {
        const answer = await fetch(
          url + path,
          body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) },
        )
        const text = await answer.text()
        times.push(performance.now() - begun)
        if (answer.ok) return JSON.parse(text) as Answer
        errors.push(`${path}: ${answer.status} ${text.slice(0, 200)}`)
      } catch (error) {
        errors.push(`${path}: ${String((error as Error).cause ?? error)}`)
      }
      return null
    },
  }
}

/** The value below which a share of the values lies. */
export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
