import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { inParallel } from '../support/in-parallel.ts'
import { clientOf, type LoadHome, openLoadHome, quantile } from './load-home.ts'

/**
 * The service under load, as `npm run test:load` measures it on a machine with nothing else to do. CUTTER_LOAD="60,2000" takes 60 seconds and
 * fills the store with 2,000 runs, for a quick look.
 */

const [SECONDS = 300, FILLED = 100_000] = (process.env.CUTTER_LOAD ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number)
const [WAITING, STREAMS, AT_WORK, PER_SECOND] = [2_000, 200, 64, 50]
/** Where the memory was at its start may be this much lower than at its end. */
const MEMORY_GROWTH = 1.25

let home: LoadHome | null = null
afterEach(async () => {
  await home?.close()
  home = null
})

interface Listed {
  runId: string
  status: string
}

/** Follows all events until the measurement ends, and connects again where a stream ends. */
async function follow(
  url: string,
  headers: Record<string, string>,
  end: AbortSignal,
  got: () => void,
): Promise<string | null> {
  let last: string | null = null
  while (!end.aborted) {
    try {
      const given: Record<string, string> = last === null ? headers : { ...headers, 'last-event-id': last }
      const answer = await fetch(`${url}/api/v1/events`, { headers: given, signal: end })
      if (!answer.ok || answer.body === null) return `a stream answers ${answer.status}`
      for await (const part of answer.body as unknown as AsyncIterable<Uint8Array>) {
        const text = Buffer.from(part).toString()
        for (const [, id] of text.matchAll(/^id: ?(.+)$/gm)) last = id!
        if (text.includes('data:')) got()
      }
    } catch (error) {
      if (!end.aborted) return String((error as Error).cause ?? error)
    }
  }
  return null
}

test(`${WAITING} waiting runs, ${STREAMS} streams and ${PER_SECOND} requests a second next to ${AT_WORK} runs at work: no error, p99 of reads under 200 ms, memory flat`, {
  timeout: (SECONDS + 900) * 1_000,
}, async () => {
  home = await openLoadHome()
  const { url } = home.service
  const starters = await Promise.all(
    [0, 1, 2].map(async (index) => clientOf(url, await home!.token(`starter-${index}`))),
  )
  await inParallel(WAITING, 24, (index) =>
    starters[index % starters.length]!.ask('/api/v1/runs', { machine: 'waiter', input: { id: `w${index}` } }),
  )
  expect(starters.flatMap(({ errors }) => errors)).toEqual([])

  const end = new AbortController()
  const watcher = clientOf(url, await home.token('watcher'))
  let events = 0
  const streams = Array.from({ length: STREAMS }, () =>
    follow(url, watcher.headers, end.signal, () => void events++),
  )
  const mover = clientOf(url, await home.token('mover'))
  const work = Array.from({ length: AT_WORK }, async (_, worker) => {
    for (let turn = 0; !end.signal.aborted; turn++) {
      const body = { machine: 'worker', input: { id: `a${worker}-${turn}` } }
      let run = await mover.ask<Listed>('/api/v1/runs?wait=50', body)
      while (run?.status === 'working' && !end.signal.aborted)
        run = await mover.ask<Listed>(`/api/v1/runs/${run.runId}/wait?for=closed&timeout=50`)
      if (run === null) await sleep(1_000)
    }
  })

  const reader = clientOf(url, await home.token('reader'))
  const runs = (await reader.ask<Listed[]>('/api/v1/runs?status=paused&limit=100'))!
  const reads = [
    () => '/api/v1/runs',
    () => '/api/v1/runs?status=paused&gate=SG1',
    () => '/api/v1/runs?status=working',
    (id: string) => `/api/v1/runs/${id}`,
    (id: string) => `/api/v1/runs/${id}/history`,
    (id: string) => `/api/v1/runs/${id}/explain?offline=true`,
  ]
  reader.times.length = 0
  const memory: number[] = []
  const pending = new Set<Promise<unknown>>()
  const begun = performance.now()
  for (let index = 0; performance.now() - begun < SECONDS * 1_000; index++) {
    const { runId } = runs[index % runs.length]!
    const asked = reader.ask(reads[index % reads.length]!(runId)).finally(() => pending.delete(asked))
    pending.add(asked)
    if (index % (PER_SECOND * 5) === 0) memory.push(home.memory())
    const due = begun + ((index + 1) * 1_000) / PER_SECOND
    await sleep(Math.max(0, due - performance.now()))
  }
  await Promise.all(pending)
  end.abort()
  const broken = (await Promise.all(streams)).filter((error) => error !== null)
  await Promise.all(work)

  const fifth = Math.max(1, Math.floor(memory.length / 5))
  const [early, late] = [memory.slice(fifth, 2 * fifth), memory.slice(-fifth)].map((part) =>
    quantile(part, 0.5),
  ) as [number, number]
  const p99 = quantile(reader.times, 0.99)
  console.log(
    `${SECONDS} s: ${reader.times.length} reads, median ${quantile(reader.times, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; ` +
      `${events} pieces of events on ${STREAMS} streams; ${mover.times.length} runs worked; memory ${early.toFixed(0)} MiB, then ${late.toFixed(0)} MiB`,
  )
  expect([...reader.errors, ...mover.errors, ...broken]).toEqual([])
  expect(reader.times.length).toBeGreaterThan(SECONDS * PER_SECOND * 0.9)
  expect(events).toBeGreaterThan(STREAMS)
  expect(p99).toBeLessThan(200)
  expect(late / early).toBeLessThan(MEMORY_GROWTH)
})

test(`listing and opening a run among ${FILLED} takes at most twice as long as among 1,000`, {
  timeout: 7_200_000,
}, async () => {
  home = await openLoadHome()
  const { url } = home.service
  // The rate of one token is limited, so several start runs.
  const starters = await Promise.all(
    Array.from({ length: 8 }, async (_, index) => clientOf(url, await home!.token(`starter-${index}`))),
  )
  const reader = clientOf(url, await home.token('reader'))
  const fill = (from: number, to: number) =>
    inParallel(to - from, 128, async (index) => {
      const body = { machine: 'quick', input: { id: `q${from + index}` } }
      // What is too much for a minute is asked again.
      for (const { ask, errors } of [starters[index % starters.length]!])
        while ((await ask('/api/v1/runs', body)) === null && /: 429 /.test(errors.at(-1)!)) {
          errors.pop()
          await sleep(5_000)
        }
    })
  const median = async (path: () => string) => {
    reader.times.length = 0
    for (let round = 0; round < 200; round++) await reader.ask(path())
    return quantile(reader.times, 0.5)
  }
  const measure = async () => {
    const [{ runId }] = (await reader.ask<[Listed]>('/api/v1/runs?limit=1'))!
    return { list: await median(() => '/api/v1/runs'), open: await median(() => `/api/v1/runs/${runId}`) }
  }
  await fill(0, 1_000)
  await measure()
  const few = await measure()
  await fill(1_000, FILLED)
  await measure()
  const many = await measure()
  const ratio = (what: 'list' | 'open') => many[what] / few[what]
  console.log(
    `among 1,000: list ${few.list.toFixed(1)} ms, open ${few.open.toFixed(1)} ms; among ${FILLED}: ${ratio('list').toFixed(2)} × and ${ratio('open').toFixed(2)} ×`,
  )
  expect([...reader.errors, ...starters.flatMap(({ errors }) => errors)]).toEqual([])
  expect(ratio('list')).toBeLessThan(2)
  expect(ratio('open')).toBeLessThan(2)
})
