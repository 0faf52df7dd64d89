import { readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readYaml } from '../../src/domain/yaml.ts'
import type { ImportedMigrations } from '../../src/service/migrations/import.ts'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf, type RunJson } from '../support/cli.ts'
import { approve, aSigner, enableExecution, LIVE, rehearseOn } from '../support/cli-steps.ts'
import { type Cluster, startCluster } from '../support/pg-cluster.ts'
import { skipWithoutPgDump } from '../support/shop-migration.ts'
import { type Deviation, deviationOf, type Expectations } from './deviations.ts'
import { fetchModules, recordScripts } from './recorded-scripts.ts'

/**
 * The migrations of a public application, one after another: proposed on one copy, each rehearsed by a run of its own, twenty of them
 * live, and each with one deviation of the target. `CUTTER_MIGRATIONS=1-40` takes a part of them, by their places.
 */

const skipped = skipWithoutPgDump('the migrations of a public application')

/** How many of all are live, evenly spread. */
const LIVE_RUNS = 20
const [FIRST = 1, LAST = Number.POSITIVE_INFINITY] = (process.env.CUTTER_MIGRATIONS ?? '')
  .split('-')
  .filter((part) => part !== '')
  .map(Number)

let at: CutterHome
let key: string
let cluster: Cluster
/** The target of runs, as its owner and as the superuser. */
let app: pg.Client
let superuser: pg.Client
/** All migrations in their order. */
let names: string[] = []
/** Those that hold what Cutter refuses, with the reason. */
const refused = new Map<string, string>()
/** The names of those that could not be proposed. */
let failed: { name: string; why: string }[] = []

beforeAll(async () => {
  if (skipped !== null) return
  const targets = ['app', 'trial'].map(
    (name) => `  ${name}: { migratorUrlEnv: ${name.toUpperCase()}_URL, rehearsalUrlEnv: COPY_URL }\n`,
  )
  at = aCutterHome(`${LIVE}targets:\n${targets.join('')}`)
  key = aSigner(at, undefined, 'cutter.migrate.*')
  cluster = await startCluster()
  const root = await connect(cluster.url())
  await root.query('create role app_owner login; create role app_reader')
  for (const name of ['app', 'trial']) {
    await root.query(`create database ${name} owner app_owner`)
    at.env[`${name.toUpperCase()}_URL`] = cluster.url(name, 'app_owner')
    const owner = await connect(cluster.url(name, 'app_owner'))
    await owner.query('alter default privileges grant select on tables to app_reader')
    await owner.end()
  }
  await root.query('create database source owner app_owner')
  await root.end()
  at.env.COPY_URL = cluster.url()
  app = await connect(cluster.url('app', 'app_owner'))
  superuser = await connect(cluster.url('app'))
  await enableExecution(at, '12h')
  await at.server()
}, 600_000)

afterAll(async () => {
  if (skipped !== null) return
  await app.end()
  await superuser.end()
  await at.remove()
  await cluster.stop()
}, 600_000)

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** Applies a script as its own tool does. */
async function apply(client: pg.Client, name: string): Promise<void> {
  await client.query(readFileSync(join(at.path('series'), name, 'migration.sql'), 'utf8'))
  await client.query('reset all')
}

/** A part has as many live ones as its share of 200. */
function isLive(index: number): boolean {
  const every = Math.max(1, Math.floor(Math.max(taken().length, 200) / (LIVE_RUNS + 2)))
  return index % every === every - 1
}

const taken = () => names.slice(FIRST - 1, LAST)

/** Proposes on one copy. Where one migration can't be, it is applied by hand, and the others follow on another copy. */
async function proposeAll(): Promise<{ name: string; why: string }[]> {
  const found: { name: string; why: string }[] = []
  const trial = await connect(cluster.url('trial', 'app_owner'))
  for (const name of names.slice(0, FIRST - 1)) await apply(trial, name)
  for (let from = 0; from < taken().length; ) {
    const left = taken().slice(from)
    const end = left.findIndex((name) => refused.has(name))
    const some = end < 0 ? left : left.slice(0, end)
    const folders = some.map((name) => join('series', name))
    const answer =
      some.length === 0
        ? null
        : await at.cutter(['migrate', 'propose', ...folders, '--target', 'trial', '--json'])
    const why =
      answer === null || answer.code === 0
        ? (refused.get(left[some.length] ?? '') ?? null)
        : jsonOf<{ error: ErrorJson }>(answer).error.message
    const done =
      answer === null || answer.code === 0
        ? some.length
        : Number(/expectations of (\d+) before/.exec(why ?? '')?.[1] ?? 0)
    if (why !== null) found.push({ name: left[done]!, why })
    for (const name of left.slice(0, done + 1)) await apply(trial, name)
    from += done + 1
  }
  await trial.end()
  return found
}

const start = async (name: string, ...more: string[]): Promise<RunJson> =>
  jsonOf(
    await at.cutter([
      ...['run', 'start', 'migrate', '--bundle', join('series', name), '--target', 'app', '--json'],
      ...more,
    ]),
  )

/** Copies and backups of runs that are over, of which there would be hundreds. */
async function dropCopies(): Promise<void> {
  const { rows } = await superuser.query<{ name: string }>(
    `select datname::text as name from pg_database where datname ~ '^(rehearsal|restored)_'`,
  )
  for (const { name } of rows) await superuser.query(`drop database "${name}" with (force)`)
  rmSync(at.path('var/backups'), { recursive: true, force: true })
}

/** Runs with a target that deviates, and returns what is wrong; null where the run stopped and named the deviation. */
async function deviated(name: string, run: RunJson, { kind, names: named, ...one }: Deviation) {
  await superuser.query(one.inject)
  try {
    const answer = one.before ? await start(name) : jsonOf(await rehearseOn(at, run.runId))
    const message: string = one.before ? (answer.stop?.message ?? '') : (answer.output.recheck?.message ?? '')
    const stopped = one.before ? answer.status === 'stopped' : answer.status === 'paused'
    return stopped && named.some((words) => message.includes(words))
      ? null
      : `${kind}: ${answer.status}, ${message || 'no message'}`
  } finally {
    await superuser.query(one.undo)
  }
}

describe.skipIf(skipped !== null)('the migrations of a public application', () => {
  test('are imported, all but those that change nothing', { timeout: 600_000 }, async () => {
    const modules = fetchModules()
    const source = await connect(cluster.url('source', 'app_owner'))
    const left = await recordScripts(modules, at.path('sql'), source)
    await source.end()
    rmSync(dirname(dirname(dirname(modules))), { recursive: true, force: true })
    const answer = await at.cutter(['migrate', 'import', 'sql', '--into', 'series', '--json'])
    const { migrations } = jsonOf<ImportedMigrations>(answer)
    names = migrations.map(({ name }) => name)
    for (const { name, faults: found } of migrations)
      if (found.length > 0) refused.set(name, found.join('; '))
    const faults = migrations.flatMap(({ faults: found }) => found)
    console.info(`${names.length} imported; left out: ${left.join(', ')}; faults: ${faults.join('; ')}`)
    expect(names.length).toBeGreaterThan(360)
    expect([left.length < 10, faults.length < 3]).toEqual([true, true])
  })

  test('are proposed, at least 98 of 100 without a line by hand', { timeout: 10_800_000 }, async () => {
    failed = await proposeAll()
    console.info(`${taken().length - failed.length} of ${taken().length} proposed`, failed)
    expect(failed.length).toBeLessThanOrEqual(taken().length * 0.02)
  })

  test('each reach the gate of their dry run, stop at a target that deviates, and twenty pass live', {
    timeout: 21_600_000,
  }, async () => {
    for (const name of names.slice(0, FIRST - 1)) await apply(app, name)
    const wrong: string[] = []
    const seen = { 'an extra column': 0, 'a changed row': 0, 'a lost grant': 0, closed: 0, live: 0 }
    for (const [index, name] of taken().entries()) {
      const byHand = failed.some((one) => one.name === name)
      const place = FIRST + index
      const run = byHand ? null : await start(name)
      if (run?.status !== 'paused') wrong.push(`${name}: ${run?.stop?.message ?? 'not proposed'}`)
      else {
        const deviation = await deviationOf(superuser, expectationsOf(name), place)
        const fault = await deviated(name, run, deviation)
        if (fault !== null) wrong.push(`${name}: ${fault}`)
        else seen[deviation.kind] += 1
        // The others have planned for the target that deviates by then, so another dry run would be needed.
        const dry = deviation.before ? jsonOf(await rehearseOn(at, run.runId)) : null
        if (dry?.outcome === 'succeeded') seen.closed += 1
        else if (dry !== null) wrong.push(`${name}: dry run: ${dry.stop?.message ?? dry.state}`)
      }
      if (run?.status === 'paused' && isLive(index)) {
        const { runId } = await start(name, '--mode', 'live')
        const live = jsonOf(await approve(at, runId, key))
        if (live.outcome === 'succeeded') seen.live += 1
        else wrong.push(`${name}: live: ${live.stop?.message ?? live.state}`)
        if (live.outcome !== 'succeeded') await apply(app, name)
      } else await apply(app, name)
      await dropCopies()
      console.info(`${place} ${name}: ${JSON.stringify(seen)}, ${wrong.length} wrong`)
    }
    console.info(seen, wrong)
    expect(wrong.filter((line) => !line.endsWith('not proposed'))).toEqual([])
    // A part may be too short for each kind.
    if (taken().length < 200) return
    expect(seen.live).toBeGreaterThanOrEqual(LIVE_RUNS)
    expect(Object.values(seen).every((count) => count > 0)).toBe(true)
  })
})

function expectationsOf(name: string): Expectations {
  const read = readYaml(readFileSync(join(at.path('series'), name, 'bundle.yaml'), 'utf8'))
  return ('value' in read ? read.value : {}) as Expectations
}
