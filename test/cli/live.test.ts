import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reassembleDocument } from '../../src/effects/cut/verifier.ts'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf, type RunJson } from '../support/cli.ts'
import {
  ALICE,
  approve,
  aSigner,
  charter,
  disableExecution,
  enableExecution,
  growth,
  historyOf,
  LIVE,
  resume,
  rowsIn,
  sign,
  start,
  started,
} from '../support/cli-steps.ts'

let at: CutterHome
let key: string
let superuser: pg.Client

beforeAll(async () => {
  at = aCutterHome()
  key = aSigner(at)
  at.file('charter.md', charter('All water is shared.', 'Nobody owns the river.', 'The well stays open.'))
  at.file('small.md', charter('One.', 'Two.'))
  await at.server()
})

afterAll(() => at.remove())

const liveRun = (document: string, source: string) => start(at, { document, source, mode: 'live' })

/** A live run through both gates. */
async function enacted(document: string, source: string): Promise<RunJson> {
  const runId = await started(at, { document, source, mode: 'live' })
  await approve(at, runId, key)
  return jsonOf(await approve(at, runId, key))
}

describe('a live start', () => {
  const refusedWith = async (words: string) => {
    const answer = await liveRun('CHARTER', 'charter.md')
    expect(answer.code).toBe(3)
    expect(jsonOf<{ error: ErrorJson }>(answer).error.code).toBe('LIVE_REFUSED')
    expect(answer.stderr).toContain(words)
    expect(jsonOf<RunJson[]>(await at.cutter(['run', 'list', '--json']))).toEqual([])
  }

  test('a live start is refused when the config does not allow it, even with the switch on', async () => {
    await enableExecution(at)
    await refusedWith('execution.allowLive is not true')
    at.file('cutter.yaml', LIVE)
  })

  test('a live start is refused while the execution switch is off', async () => {
    await disableExecution(at)
    await refusedWith('the execution switch is off')
  })

  test('a live start is refused after the execution switch has expired', async () => {
    await enableExecution(at, '1s')
    await wait(1_100)
    await refusedWith('the execution switch has been off since')
    await enableExecution(at)
  })
})

describe('a live run', () => {
  let finished: RunJson
  let before: { [table: string]: number }
  let after: { [table: string]: number }

  beforeAll(async () => {
    await at.cutter(['target', 'init', 'embedded'])
    superuser = await at.superuser()
    before = await rowsIn(superuser)
    finished = await enacted('CHARTER', 'charter.md')
    after = await rowsIn(superuser)
  })

  test('a live run closes after two signed approvals', () => {
    expect(finished).toMatchObject({
      mode: 'live',
      status: 'closed',
      state: 'CLOSEOUT_REPORTED',
      outcome: 'succeeded',
      output: { enacted: 3 },
    })
  })

  test('a live run writes a unit, a version and a log row for each article, and 13 + 2n governance rows and the review', () => {
    expect(growth(before, after)).toEqual({ units: 3, versions: 3, log: 3, governance: 13 + 2 * 3 + 1 })
    expect(finished.output.counts).toMatchObject({ identical: false, asPlanned: true })
  })

  test('the closeout of a live run says which counts rose by how much as planned, and names the unreadable tables', () => {
    const text = readFileSync(at.path(`var/runs/${finished.runId}/closeout.md`), 'utf8')
    expect(text).toMatch(/as planned: .*`\w+.information_unit` \+3, .*`\w+.unit_version` \+3/)
    expect(text).toContain('.manifest_envelope` | unreadable | unreadable | – |')
    expect(text).not.toMatch(/\| (`counts.\w+`) \| no \|/)
  })

  test('a live run leaves every unit and version enacted, with itself as the actor', async () => {
    const { rows } = await superuser.query(
      `select distinct u.lifecycle_status as unit, v.lifecycle_status as version, u.created_by
       from information_unit u join unit_version v on v.id = u.version_anchor_ref where u.doc_code = 'CHARTER'`,
    )
    expect(rows).toEqual([{ unit: 'enacted', version: 'enacted', created_by: `cutter/${finished.runId}` }])
  })

  test('a live run is verified by another tool than the one that wrote', async () => {
    const { rows } = await superuser.query(
      'select tool_revision_match, verdict, executor_tool_revision, verifier_tool_revision from cutter_governance.verify_result where change_set_id = $1',
      [`cs-${finished.runId}`],
    )
    expect(rows).toEqual([
      {
        tool_revision_match: false,
        verdict: 'pass',
        executor_tool_revision: 'cutter-executor/1',
        verifier_tool_revision: 'cutter-verifier/1',
      },
    ])
  })

  test('a live run records both statements as reviews of the signer, and enacts under the second', async () => {
    const { rows: reviews } = await superuser.query(
      `select review_decision_id as id, governance_event_kind as kind, reviewer_identity, verdict
       from cutter_governance.review_decision where manifest_id = $1 order by kind`,
      [`me-${finished.runId}`],
    )
    expect(reviews).toMatchObject([
      { kind: 'cut', reviewer_identity: ALICE, verdict: 'approve' },
      { kind: 'enact', reviewer_identity: ALICE, verdict: 'approve' },
    ])
    const { rows: log } = await superuser.query(
      'select distinct review_decision_id as id from iu_lifecycle_log',
    )
    expect(log).toEqual([{ id: reviews[1].id }])
  })

  test('a live run has a valid history with readings of the switch at start, before each write and at the end', async () => {
    const verified = await at.cutter(['run', 'history', finished.runId, '--verify', '--json'])
    expect(verified.code).toBe(0)
    const history = await historyOf(at, finished.runId)
    const readings = history.filter(({ event }) => event.executionSwitch !== undefined)
    expect(readings.map(({ event }) => event.type)).toEqual(
      expect.arrayContaining([
        'cutter.start',
        'xstate.done.actor.cut_leg_a',
        'xstate.done.actor.leg_b_record',
        'xstate.done.actor.write_verify',
        'xstate.done.actor.lifecycle_enact',
        'xstate.done.actor.closeout',
      ]),
    )
    for (const { event } of readings)
      expect(event.executionSwitch).toMatchObject({
        enabled: true,
        until: expect.any(String),
        at: expect.any(String),
      })
    expect(history.at(-1)).toEqual(readings.at(-1))
    const ran = history.filter(({ event }) => event.ran !== undefined).map(({ event }) => event.ran)
    expect(new Set(ran)).toEqual(new Set(['execute']))
  })

  test('a live run of the enacted text plans and writes no unit', async () => {
    const runId = await started(at, { document: 'CHARTER', source: 'charter.md', mode: 'live' })
    const planned = jsonOf(await at.cutter(['run', 'show', runId, '--json']))
    expect(planned.output.plan).toEqual({ create: 0, adopt: 0, keep: 3, governanceRows: 13 })
    await approve(at, runId, key)
    const closed = await approve(at, runId, key)
    expect(jsonOf(closed)).toMatchObject({ outcome: 'succeeded', output: { enacted: 0 } })
    expect(growth(after, await rowsIn(superuser))).toEqual({ units: 0, versions: 0, log: 0, governance: 14 })
  })
})

describe('a live run that is rejected at the second gate', () => {
  let rejected: RunJson

  test('a rejected run is closed as rejected and leaves its units as drafts', async () => {
    const runId = await started(at, { document: 'REJECTED', source: 'small.md', mode: 'live' })
    await approve(at, runId, key)
    const { approvalId } = await sign(at, runId, key, '--decision', 'reject', '--reason', 'too early')
    const answer = await resume(at, runId, approvalId)
    rejected = jsonOf(answer)
    expect(answer.code).toBe(3)
    expect(rejected).toMatchObject({
      status: 'closed',
      outcome: 'rejected',
      state: 'AWAITING_LIFECYCLE_AUTHORIZATION',
      stopCode: null,
    })
    const { rows } = await superuser.query(
      "select lifecycle_status as status, count(*)::int as n from information_unit where doc_code = 'REJECTED' group by 1",
    )
    expect(rows).toEqual([{ status: 'draft', n: 2 }])
  })

  test('a run after a rejected one adopts its drafts', async () => {
    const before = await rowsIn(superuser)
    const runId = await started(at, { document: 'REJECTED', source: 'small.md', mode: 'live' })
    const planned = jsonOf(await at.cutter(['run', 'show', runId, '--json']))
    expect(planned.output.plan).toEqual({ create: 0, adopt: 2, keep: 0, governanceRows: 17 })
    await approve(at, runId, key)
    expect(jsonOf(await approve(at, runId, key))).toMatchObject({ outcome: 'succeeded' })
    expect(growth(before, await rowsIn(superuser))).toEqual({ units: 0, versions: 0, log: 2, governance: 18 })
    const { rows } = await superuser.query(
      "select distinct created_by, lifecycle_status from information_unit where doc_code = 'REJECTED'",
    )
    expect(rows).toEqual([{ created_by: `cutter/${rejected.runId}`, lifecycle_status: 'enacted' }])
  })
})

describe('an execution switch that is turned off after the start', () => {
  test('an approval is refused before it is used at each gate, with nothing written, until the switch is on again', async () => {
    const runId = await started(at, { document: 'SWITCHED', source: 'small.md', mode: 'live' })
    const before = await rowsIn(superuser)
    for (const [state, written] of [
      ['AWAITING_CUT_AUTHORIZATION', { units: 2, versions: 2, log: 0, governance: 17 }],
      ['AWAITING_LIFECYCLE_AUTHORIZATION', { units: 2, versions: 2, log: 2, governance: 18 }],
    ] as const) {
      const rows = await rowsIn(superuser)
      await disableExecution(at)
      const { approvalId } = await sign(at, runId, key)
      const refused = await resume(at, runId, approvalId)
      expect(refused.code).toBe(3)
      expect(jsonOf(refused)).toMatchObject({ status: 'paused', state, error: { code: 'LIVE_REFUSED' } })
      expect(refused.stderr).toContain(`approval ${approvalId} was not used: the execution switch is off`)
      expect(refused.stderr).toContain('cutter execution enable')
      expect(await rowsIn(superuser)).toEqual(rows)

      await enableExecution(at)
      const resumed = await resume(at, runId, approvalId)
      expect(resumed.code).toBe(0)
      expect(growth(before, await rowsIn(superuser))).toEqual(written)
    }
    expect(jsonOf(await resume(at, runId))).toMatchObject({ outcome: 'succeeded' })
  })
})

const documents = join(import.meta.dirname, '../../../shared/documents')
const missing = !existsSync(documents)
if (missing) console.log('skipped "live cuts of complete laws": ../shared/documents is not there')

describe.skipIf(missing)('live cuts of complete laws', () => {
  test.each([
    ['US-CONSTITUTION', 'en-us-constitution-1787.md'],
    ['GRUNDGESETZ', 'de-grundgesetz-a-2010-07.md'],
  ])('a live cut of %s can be reassembled from the database alone, byte for byte', async (document, file) => {
    const before = await rowsIn(superuser)
    const { runId, outcome, output } = await enacted(document, join(documents, file))
    expect(outcome).toBe('succeeded')
    const written = output.units
    expect(written).toBeGreaterThan(6)
    expect(growth(before, await rowsIn(superuser))).toEqual({
      units: written,
      versions: written,
      log: written,
      governance: 13 + 2 * written + 1,
    })
    const rebuilt = await reassembleDocument(superuser, `cs-${runId}`)
    expect(rebuilt.equals(readFileSync(join(documents, file)))).toBe(true)
  })
})
