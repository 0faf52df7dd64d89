import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { connect } from '../../src/locks/connect.ts'
import { jsonOf } from '../support/cli.ts'
import { connectClient } from '../support/connections.ts'
import { FAULTS } from './faults.ts'
import { openSoakHome, type SoakHome } from './soak-home.ts'
import { startWork, type Work } from './work.ts'

/**
 * The service under load while one thing after the other fails, as `npm run test:soak -- --minutes N` does it: nothing is lost, no write is done twice,
 * every run closes, and memory and handles stay flat. Needs root for a disk that can be filled, and cc for a slow one.
 */

const MINUTES = Number(process.env.CUTTER_SOAK_MINUTES ?? 30)
const AT_WORK = 64
const ROTATIONS = 3
/** Bundles that are verified. */
const SAMPLE = 20
/** Where the memory was may be this much lower than where it ends. */
const MEMORY_GROWTH = 1.25

let home: SoakHome | null = null
afterEach(async () => {
  await home?.remove()
  home = null
})

interface Sample {
  /** Minutes since the measurement began. */
  at: number
  memory: number
  handles: number
}

/** Samples memory and handles of the process that serves at this moment. */
function watch({ figures }: SoakHome): { samples: Sample[]; stop(): void } {
  const samples: Sample[] = []
  const begun = performance.now()
  const timer = setInterval(
    () => samples.push({ at: (performance.now() - begun) / 60_000, ...figures() }),
    2_000,
  )
  return { samples, stop: () => clearInterval(timer) }
}

/** The slope of the line through all samples (least squares), per minute. */
function slope(samples: Sample[], of: 'memory' | 'handles'): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(samples.map(({ at }) => at)), mean(samples.map((one) => one[of]))]
  const up = samples.reduce((sum, one) => sum + (one.at - x) * (one[of] - y), 0)
  return up / samples.reduce((sum, { at }) => sum + (at - x) ** 2, 0)
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
const lines = (counts: Map<string, number>) =>
  [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([what, n]) => `${what} ${n}`)
    .join(', ') || 'none'

test(`${AT_WORK} runs at work and people who approve for ${MINUTES} minutes, while ${FAULTS.length} kinds of faults follow each other`, {
  timeout: MINUTES * 60_000 + 1_800_000,
}, async () => {
  home = await openSoakHome()
  const begun = performance.now()
  const work = startWork(home, AT_WORK)
  const slot = (MINUTES * 60_000) / (ROTATIONS * FAULTS.length)
  const happened = new Map<string, number>()
  let watched: ReturnType<typeof watch> | null = null
  for (let rotation = 0; rotation < ROTATIONS; rotation++) {
    for (const fault of FAULTS) {
      // Only a process that lives long can show a slope, so no later rotation kills it.
      if (fault.name.startsWith('kill') && rotation > 0) continue
      const why = fault.missing(home)
      if (why !== null) {
        if (rotation === 0) console.log(`skipped: ${fault.name} (${why})`)
        continue
      }
      const next = performance.now() + slot
      await fault.happen(home, slot / 2)
      happened.set(fault.name, (happened.get(fault.name) ?? 0) + 1)
      await sleep(Math.max(0, next - performance.now()))
    }
    watched ??= watch(home)
  }
  watched!.stop()
  await work.finish(900_000)
  const took = (performance.now() - begun) / 60_000
  const { samples } = watched!
  const quarter = Math.floor(samples.length / 4)
  const [early, late] = [samples.slice(0, quarter), samples.slice(-quarter)]
  const figure = (part: Sample[], of: 'memory' | 'handles') => median(part.map((one) => one[of]))
  console.log(
    [
      `${took.toFixed(1)} minutes; faults: ${lines(happened)}; ${home.starts} starts of the service`,
      `runs: ${work.started.size} started, ${work.closed.size} closed (${(work.closed.size / took).toFixed(0)} a minute), ${work.approved.size} approvals`,
      `refused or lost answers: ${lines(work.refused)}`,
      `stops that were continued: ${lines(work.stopped)}`,
      `memory ${figure(early, 'memory').toFixed(0)} MiB, then ${figure(late, 'memory').toFixed(0)} MiB (${slope(samples, 'memory').toFixed(2)} MiB a minute); handles ${figure(early, 'handles')}, then ${figure(late, 'handles')} (${slope(samples, 'handles').toFixed(2)} a minute)`,
    ].join('\n'),
  )
  expect(work.closed.size).toBe(work.started.size)
  expect(new Set(work.closed.values())).toEqual(new Set(['succeeded']))
  await expectNothingLost(home, work)
  await expectBundlesHold(home, work)
  expect(figure(late, 'memory') / figure(early, 'memory')).toBeLessThan(MEMORY_GROWTH)
  expect(figure(late, 'handles')).toBeLessThan(figure(early, 'handles') * MEMORY_GROWTH)
})

/** All that was acknowledged is there, each write is there once, and nothing else. */
async function expectNothingLost({ at, cluster, service }: SoakHome, work: Work): Promise<void> {
  expect(await service.end('SIGTERM')).toBe(0)
  const ledger = await connectClient(cluster.url('ledger'))
  const { rows } = await ledger.query<{ run_id: string; lines: string }>(
    `select run_id, string_agg(effect || ' ' || id, ', ' order by effect) as lines from ledger group by run_id`,
  )
  await ledger.end()
  const written = new Map(rows.map(({ run_id, lines }) => [run_id, lines]))
  const expected = [...work.started].map(([key, runId]) => [runId, `credit ${key}, debit ${key}`] as const)
  expect(written).toEqual(new Map(expected))
  const db = connect(at.path('var/cutter.db'), { readonly: true })
  try {
    const open = db.prepare(`select count(*) as n from runs where status <> 'closed'`).get()
    expect(open).toEqual({ n: 0 })
    const used = db.prepare('select run_id as run, approval_id as id from approvals').all() as {
      run: string
      id: string
    }[]
    const kept = new Set(used.map(({ run, id }) => `${run} ${id}`))
    expect([...work.approved].filter(([run, id]) => !kept.has(`${run} ${id}`))).toEqual([])
  } finally {
    db.close()
  }
}

async function expectBundlesHold({ at }: SoakHome, { started }: Work): Promise<void> {
  const runIds = [...started.values()]
  const sample = runIds.filter((_, index) => index % Math.ceil(runIds.length / SAMPLE) === 0)
  for (const runId of sample) {
    const file = at.path(`${runId}.tar`)
    const exported = await at.cutter(['run', 'export', runId, '--out', file, '--json'])
    expect(exported, exported.stderr).toMatchObject({ code: 0 })
    const verified = await at.cutter(['verify', file, '--signers', at.path('allowed_signers'), '--json'])
    expect(verified, verified.stdout).toMatchObject({ code: 0 })
    expect(jsonOf<{ holds?: boolean }>(verified)).toBeTruthy()
  }
  expect(sample.length).toBeGreaterThan(0)
}
