import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readEmbeddedStatus } from '../../src/targets/embedded/open-embedded.ts'
import {
  type Answer,
  type ApprovalJson,
  aCutterHome,
  type CutterHome,
  type EntryJson,
  type ErrorJson,
  jsonOf,
  type RunJson,
} from '../support/cli.ts'
import { charter, historyOf, rehearse, resume, rowsIn, start } from '../support/cli-steps.ts'

let at: CutterHome
let first: Answer
let cutApproval: ApprovalJson
let atSecondGate: Answer
let finished: Answer
let history: EntryJson[]

beforeAll(async () => {
  at = aCutterHome()
  at.file('charter.md', charter('All water is shared.', 'Nobody owns the river.', 'The well stays open.'))
  first = await start(at, { document: 'CHARTER', source: 'charter.md' })
  cutApproval = await rehearse(at, jsonOf(first).runId)
  atSecondGate = await resume(at, null, cutApproval.approvalId)
  const { approvalId } = await rehearse(at, jsonOf(first).runId)
  finished = await resume(at, null, approvalId)
  history = await historyOf(at, jsonOf(first).runId)
})

afterAll(() => at.remove())

const RUN_FIELDS = [
  'runId',
  'machine',
  'version',
  'mode',
  'status',
  'state',
  'phase',
  'stopCode',
  'outcome',
  'gate',
  'planDigest',
  'startedBy',
  'startedAt',
  'updatedAt',
  'output',
  'about',
]

describe('a dry run of a charter', () => {
  test('a dry run pauses at the first gate with exit code 0, and the stop code says what it waits for', () => {
    expect(first.code).toBe(0)
    expect(jsonOf(first)).toMatchObject({
      machine: 'cut',
      mode: 'dry-run',
      status: 'paused',
      state: 'AWAITING_CUT_AUTHORIZATION',
      phase: null,
      stopCode: 'STOP_APPROVAL_REQUIRED',
      outcome: null,
      gate: 'SG1',
      output: { document: 'CHARTER', units: 3, plan: { create: 3, adopt: 0, keep: 0, governanceRows: 19 } },
    })
    expect(jsonOf(first).runId).toMatch(/^ictr-\d{8}T\d{6}Z-[0-9a-f]{8}$/)
  })

  test('a dry run pauses at the second gate after a rehearsal approval, and closes after another', () => {
    expect(atSecondGate.code).toBe(0)
    expect(jsonOf(atSecondGate)).toMatchObject({
      state: 'AWAITING_LIFECYCLE_AUTHORIZATION',
      stopCode: 'STOP_APPROVAL_REQUIRED',
      gate: 'SG2',
    })
    expect(finished.code).toBe(0)
    expect(jsonOf(finished)).toMatchObject({
      status: 'closed',
      state: 'CLOSEOUT_REPORTED',
      stopCode: null,
      outcome: 'succeeded',
      gate: null,
      output: { verified: true, enacted: 3 },
    })
  })

  test('a dry run passes all fourteen states in their order', () => {
    const states = history.map(({ state }) => state).filter((state, index, all) => state !== all[index - 1])
    expect(states).toEqual([
      'PENDING',
      'SOURCE_PINNED',
      'MARKED',
      'CUTPLAN_OK',
      'PRE_WRITE_BACKUP_TAKEN',
      'GRANTS_PROBED',
      'AWAITING_CUT_AUTHORIZATION',
      'CUT_LEG_A_COMMITTED',
      'STRUCTURAL_VERIFIED',
      'LEG_B_RECORDED',
      'WRITE_VERIFIED',
      'AWAITING_LIFECYCLE_AUTHORIZATION',
      'LIFECYCLE_ENACTED',
      'CLOSEOUT_REPORTED',
    ])
  })

  test('a dry run reports exactly the documented fields', async () => {
    for (const answer of [first, atSecondGate])
      expect(Object.keys(jsonOf<object>(answer))).toEqual([...RUN_FIELDS, 'hold'])
    expect(Object.keys(jsonOf<object>(finished))).toEqual(RUN_FIELDS)
    expect(Object.keys(cutApproval)).toEqual([
      'approvalId',
      'runId',
      'machine',
      'gate',
      'seq',
      'planDigest',
      'decision',
      'kind',
      'approver',
      'expiresAt',
      'countsUntil',
    ])
    const fields = [
      'seq',
      'at',
      'event',
      'by',
      'state',
      'status',
      'snapshotDigest',
      'previousHash',
      'hash',
    ].sort()
    for (const entry of history) expect(Object.keys(entry).sort()).toEqual(fields)
    expect(Object.keys(jsonOf(first).output)).toEqual(
      expect.arrayContaining(['sourceVersionId', 'sourceSha256', 'units', 'counts']),
    )
  })

  test('a dry run names the source by its SHA-256, and the plan by the SHA-256 of the printed bytes', async () => {
    const { output, planDigest, runId } = jsonOf(finished)
    const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')
    expect(output.sourceSha256).toBe(sha256(readFileSync(at.path('charter.md'))))
    const { stdout } = await at.cutter(['run', 'plan', runId])
    expect(`sha256:${sha256(stdout)}`).toBe(planDigest)
    expect(stdout.endsWith('}')).toBe(true)
  })

  test('a dry run finds the same counts before and after, with null for unreadable tables', async () => {
    const { counts } = jsonOf(finished).output
    expect(counts.identical).toBe(true)
    expect(counts.after).toEqual(counts.before)
    expect(counts.before.whole).toMatchObject({
      information_unit: 0,
      iu_lifecycle_vocab: 4,
      cut_change_set: null,
    })
  })

  test('a dry run leaves no row in the target', async () => {
    const rows = await rowsIn(await at.superuser())
    expect(Object.values(rows).every((count) => count === 0)).toBe(true)
    await at.releaseServer()
  })

  test('a dry run has a history whose chain and replay are valid', async () => {
    const answer = await at.cutter(['run', 'history', jsonOf(first).runId, '--verify'])
    expect(answer.code).toBe(0)
    expect(answer.stderr).toContain(`${history.length} entries`)
  })
})

describe('resume of a closed run', () => {
  let serverLog: string
  const readServerLog = async () => {
    const { dataDirectory } = await readEmbeddedStatus({ home: at.home })
    return readFileSync(join(dirname(dataDirectory), 'server.log'), 'utf8')
  }
  let again: Answer
  beforeAll(async () => {
    serverLog = await readServerLog()
    again = await resume(at, jsonOf(finished).runId)
  })

  test('resume of a closed run gives the same answer with exit code 0', () => {
    expect(again.code).toBe(0)
    expect(jsonOf(again)).toEqual(jsonOf(finished))
  })

  test("resume of a closed run does not start the target's server", async () => {
    expect((await readEmbeddedStatus({ home: at.home })).pid).toBeNull()
    expect(await readServerLog()).toBe(serverLog)
  })

  test('resume of a closed run appends nothing to the history', async () => {
    expect(await historyOf(at, jsonOf(finished).runId)).toEqual(history)
  })

  test('resume of a closed run with a used approval gives the same answer', async () => {
    const answer = await resume(at, null, cutApproval.approvalId)
    expect(answer.code).toBe(0)
    expect(jsonOf(answer)).toEqual(jsonOf(finished))
  })
})

describe('a second start', () => {
  test('a second start makes another run with the same source version', async () => {
    const duplicate = jsonOf(await start(at, { document: 'CHARTER', source: 'charter.md' }))
    expect(duplicate.runId).not.toBe(jsonOf(first).runId)
    expect(duplicate.output.sourceVersionId).toBe(jsonOf(first).output.sourceVersionId)
    expect(duplicate.planDigest).toBe(jsonOf(first).planDigest)
  })

  test('a second start with the same key and input returns the same run, and with another input is refused', async () => {
    const keyed = (document: string) =>
      start(at, { document, source: 'charter.md', more: ['--key', 'release-7'] })
    const one = jsonOf(await keyed('KEYED'))
    const entries = await historyOf(at, one.runId)
    expect(jsonOf<RunJson>(await keyed('KEYED'))).toEqual(one)
    expect(await historyOf(at, one.runId)).toEqual(entries)

    const other = await keyed('OTHER')
    expect(other.code).toBe(2)
    expect(jsonOf<{ error: ErrorJson }>(other).error).toMatchObject({ code: 'KEY_REUSED' })
    expect(other.stderr).toContain(one.runId)
    const runs = jsonOf<RunJson[]>(await at.cutter(['run', 'list', '--json']))
    expect(runs.map(({ output }) => output.document)).not.toContain('OTHER')
  })
})
