import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openEmbedded } from '../../src/targets/embedded/open-embedded.ts'
import { type EntryJson, jsonOf, type RunJson } from '../support/cli.ts'
import {
  openReleasedHome,
  type ReleasedHome,
  type ReleasedRun,
  readFixture,
} from '../support/released-home.ts'
import { skipWithoutPgDump } from '../support/shop-migration.ts'

/** Runs that released builds left open, by the build under test: each is upgraded, resumed and closed. */

const COMMIT = 'ec8f423'
const NEEDS_PG_DUMP = ['migrate', 'teardown']
const skipped = skipWithoutPgDump('released runs of migrate and teardown')
const { runs } = readFixture(COMMIT)
/** Dry runs first: they count the rows of the target and stop where others wrote meanwhile. */
const open = ['dry-run', 'live'].flatMap((of) =>
  runs.filter(({ mode, status }) => mode === of && status !== 'closed'),
)

/** How a run ends that is only resumed and approved. */
function outcomeOf({ name }: ReleasedRun): string {
  if (name.endsWith('-clear_rehearsal')) return 'cancelled'
  if (/^deploy-.*-rollback$|^migrate-.*(SG2|-roll_back)$/.test(name)) return 'rolled-back'
  return 'succeeded'
}

describe(`runs of release ${COMMIT}`, { timeout: 120_000 }, () => {
  let released: ReleasedHome
  beforeAll(async () => {
    released = await openReleasedHome(COMMIT)
    await released.cutter(['execution', 'enable', '--for', '2h', '--reason', 'released runs'])
  }, 120_000)
  afterAll(() => released.remove())

  const resume = async (runId: string, ...more: string[]) =>
    jsonOf<RunJson>(await released.cutter(['run', 'resume', runId, ...more, '--json']))
  const history = async (runId: string) =>
    jsonOf<EntryJson[]>(await released.cutter(['run', 'history', runId, '--json']))

  async function approve({ runId, mode }: ReleasedRun): Promise<RunJson> {
    const how =
      mode === 'live'
        ? ['sign', runId, '--as', 'alice@example.org', '--key', released.key]
        : ['rehearse', runId]
    const signed = await released.cutter(['approval', ...how, '--reason', 'read', '--json'])
    return resume(runId, '--approval', jsonOf<{ approvalId: string }>(signed).approvalId)
  }

  /** Another machine than the one that planned is drift: the run plans again and waits for another approval. */
  async function close(run: ReleasedRun): Promise<RunJson> {
    let now = await resume(run.runId)
    for (let approvals = 0; now.status === 'paused' && approvals < 4; approvals += 1) now = await approve(run)
    return now
  }

  test.for(open)('$name resumes and closes', async (run, { skip }) => {
    skip(skipped !== null && NEEDS_PG_DUMP.includes(run.machine), 'pg_dump is missing')
    const { status, outcome, stop } = await close(run)
    expect({ status, outcome, stop }).toEqual({ status: 'closed', outcome: outcomeOf(run), stop: undefined })
    const upgrades = (await history(run.runId)).filter(({ event }) => event.type === 'cutter.upgraded')
    expect(upgrades).toHaveLength(1)
    // At a gate the upgrade is a new arrival.
    if (run.gate !== null) expect(upgrades[0]!.event.arrival).toMatchObject({ gate: run.gate })
    const verified = await released.cutter(['run', 'history', run.runId, '--verify'])
    expect(verified).toMatchObject({ code: 0 })
  })

  test('live cuts have written each unit once, and all are in force', async () => {
    const server = await openEmbedded({ home: released.home })
    const client = new pg.Client({ connectionString: server.url('postgres', 'cutter') })
    await client.connect()
    const { rows } = await client.query(
      `select doc_code as document, count(*)::int as units, count(*) filter (where lifecycle_status = 'enacted')::int as enacted,
         (select count(*)::int from unit_version v join information_unit i on v.id = i.version_anchor_ref where i.doc_code = u.doc_code) as versions
       from information_unit u group by doc_code order by doc_code`,
    )
    await client.end()
    await server.release()
    const cuts = runs.filter(({ machine, mode }) => machine === 'cut' && mode === 'live')
    expect(rows).toHaveLength(cuts.length)
    for (const row of rows) expect(row).toMatchObject({ units: 2, enacted: 2, versions: 2 })
  })

  test('a document that the release cut keeps its reading in a re-cut', async () => {
    const { runId } = runs.find(({ name }) => name === 'cut-live-closed')!
    const shown = jsonOf<RunJson>(await released.cutter(['run', 'show', runId, '--json']))
    const document = shown.output.document as string
    const source = join(released.home, 'amended.md')
    const before = readFileSync(join(released.home, `${document.toLowerCase()}.md`), 'utf8')
    writeFileSync(source, before.replace('Two.', 'Three.'))
    const cut = ['run', 'start', 'cut', '--document', document, '--source', source, '--json']
    const again = jsonOf<RunJson>(await released.cutter(cut))
    expect(again.stop).toBeUndefined()
    const plan = JSON.parse((await released.cutter(['run', 'plan', again.runId])).stdout)
    expect(plan.source).toMatchObject({ profile: 'markdown', profileVersion: '1' })
    expect(plan).not.toHaveProperty('reading')
    expect(plan.actions).toMatchObject([{ action: 'keep' }, { action: 'amend' }])
    expect(plan.endings).toEqual([])
  })
})
