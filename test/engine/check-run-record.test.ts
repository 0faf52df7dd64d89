import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { HeadWitness } from '../../src/domain/head-witness.ts'
import type { HistoryEntry } from '../../src/domain/history-entry.ts'
import { canonicalJson, digestOf, digestOfBytes } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { loadRun } from '../../src/engine/load-run.ts'
import { approvalFor, start, succeeds, type World } from '../machines/crashing-engine.ts'
import { failure } from '../machines/explore-chart.ts'
import { removeFolders } from '../store/store-folders.ts'
import { approved, atSecondGate, aWorldWithEvidence, aWorldWithPolicies, edit, PLAN } from './edited-store.ts'

/** What is kept of a run, edited anywhere: noticed at the next look at it, and nobody else is kept from going on. */

let world: World
afterEach(() => world.store.close())
afterAll(removeFolders)

const other = `sha256:${'0'.repeat(64)}`
const used = '(select approval_id from approvals where run_id = @id and used_seq is not null)'
const unused = '(select approval_id from approvals where run_id = @id and used_seq is null)'

/** Of the gate at which the run waits: what decided there is recorded with the arrival. */
const signers = "run_id = @id and name = 'signers/SG2'"

const edits: [what: string, why: string, ...statements: string[]][] = [
  [
    'an old entry’s event',
    'entry 3 was edited',
    "update history set event = json_set(unpacked(event), '$.output', 7) where run_id = @id and seq = 3",
  ],
  [
    'an old entry’s author',
    'entry 2 was edited',
    "update history set by = 'nobody' where run_id = @id and seq = 2",
  ],
  [
    'an old entry’s time',
    'entry 4 was edited',
    "update history set at = '2020-01-01T00:00:00.000Z' where run_id = @id and seq = 4",
  ],
  [
    'an old entry’s hash',
    'entry 4 was edited',
    `update history set hash = '${other}' where run_id = @id and seq = 4`,
  ],
  ['an old entry that is gone', 'entry 5 is missing', 'delete from history where run_id = @id and seq = 5'],
  [
    'an entry that another one was linked past',
    'entry 4 is missing',
    'update history set previous_id = (select previous_id from history where run_id = @id and seq = 4) where run_id = @id and seq = 5',
  ],
  [
    'an entry that was linked to itself',
    'entry 4 is missing',
    'update history set previous_id = id where run_id = @id and seq = 5',
  ],
  [
    'an entry that was linked to the newest',
    'entry 4 is missing',
    'update history set previous_id = (select newest_id from runs where run_id = @id) where run_id = @id and seq = 5',
  ],
  [
    'an entry that was changed to another run',
    'entry 1 is missing',
    "update history set run_id = 'ictr-other' where run_id = @id and seq = 1",
  ],
  [
    'an entry that was added next to another one',
    'the history table has entries that are not part of the hash chain',
    `insert into history select 10000, previous_id, run_id, seq, at, event, 'bob@example.org', state, status, snapshot_digest,
      previous_hash, hash from history where run_id = @id and seq = 5`,
  ],
  [
    'an entry that was added and linked in',
    'entry 5 occurs twice',
    `insert into history select 10000, id, run_id, seq, at, event, by, state, status, snapshot_digest, previous_hash, hash
      from history where run_id = @id and seq = 5`,
    'update history set id = 10000 + seq where run_id = @id and seq > 5 and id < 10000',
    `update history set previous_id = case seq when 6 then 10000 else 10000 + seq - 1 end
      where run_id = @id and seq > 5`,
    'update runs set newest_id = 10000 + seq where run_id = @id',
  ],
  [
    'an entry that was added at the end',
    'does not fit',
    `insert into history select 10000, id, run_id, seq + 1, at, event, by, state, status, snapshot_digest, hash, hash
      from history where id = (select newest_id from runs where run_id = @id)`,
    'update runs set newest_id = 10000 where run_id = @id',
  ],
  [
    'an entry that was added at the end, with the row moved on',
    'entry 15 was edited',
    `insert into history select 10000, id, run_id, seq + 1, at, event, by, state, status, snapshot_digest, hash,
      '${other}' from history where id = (select newest_id from runs where run_id = @id)`,
    `update runs set newest_id = 10000, seq = seq + 1, head = '${other}' where run_id = @id`,
  ],
  [
    'two entries that changed places',
    'entry 4 does not follow entry 3',
    'update history set seq = 9 - seq where run_id = @id and seq in (4, 5)',
  ],
  [
    'an entry that is no JSON',
    'is not valid JSON',
    "update history set event = '{' where run_id = @id and seq = 5",
  ],
  [
    'an entry whose packed form is damaged',
    'is not valid JSON (its packed form is damaged',
    "update history set event = x'01ff' where run_id = @id and seq = 5",
  ],
  [
    'a digest of the wrong length',
    'entry 4 was edited',
    "update history set hash = x'00' where run_id = @id and seq = 4",
  ],
  [
    'a hash of the entry before, which is otherwise not kept',
    'entry 5 does not follow entry 4',
    "update history set previous_hash = x'00' where run_id = @id and seq = 5",
  ],
  [
    'the newest entry, cut off with the row set back',
    'does not fit',
    'delete from history where run_id = @id and seq = (select seq from runs where run_id = @id)',
  ],
  ['who started it', 'the run’s facts', "update runs set started_by = 'nobody' where run_id = @id"],
  [
    'its input',
    'the run’s facts',
    "update runs set input = json_set(input, '$.document', 'OTHER') where run_id = @id",
  ],
  ['its gate', 'another gate', "update runs set gate = 'SG1' where run_id = @id"],
  ['its arrival', 'another arrival', 'update runs set gate_seq = gate_seq - 1 where run_id = @id'],
  ['its arrival’s hash', 'another arrival', `update runs set gate_head = '${other}' where run_id = @id`],
  [
    'the plan',
    'the evidence plan/SG1 was edited',
    `update evidence set bytes = cast('{}' as blob) where digest = '${digestOf(PLAN)}'`,
  ],
  [
    'the plan, gone with its name',
    'the evidence plan/SG1 of entry 4 is missing',
    `delete from run_evidence where run_id = @id and name = 'plan/SG1'`,
    `delete from evidence where digest = '${digestOf(PLAN)}'`,
  ],
  [
    'evidence that lies in another’s place',
    'the evidence source of entry 2 is missing or was replaced',
    `update run_evidence set digest = '${digestOf(PLAN)}' where run_id = @id and name = 'source'`,
  ],
  [
    'evidence that is gone',
    'the evidence source is missing',
    "delete from evidence where digest = (select digest from run_evidence where run_id = @id and name = 'source')",
  ],
  [
    'evidence that no entry left',
    'the evidence backup/report belongs to entry 3, which does not name it',
    `insert into run_evidence (run_id, seq, name, digest) values (@id, 3, 'backup/report', '${digestOf(PLAN)}')`,
  ],
  [
    'the signers of its gate, another file in their place',
    'the evidence signers/SG2 of entry 14 is missing or was replaced',
    `update run_evidence set digest = '${digestOf(PLAN)}' where ${signers}`,
  ],
  [
    'the signers of its gate, gone',
    'the evidence signers/SG2 of entry 14 is missing',
    `delete from run_evidence where ${signers}`,
  ],
  [
    'the policy of its gate, gone',
    'the evidence policy/SG2 of entry 14 is missing',
    "delete from run_evidence where run_id = @id and name = 'policy/SG2'",
  ],
  [
    'a used approval’s statement',
    'was edited',
    `update approvals set statement_text = json_set(statement_text, '$.approver', 'mallory@example.org') where approval_id = ${used}`,
  ],
  [
    'an unused approval’s statement',
    'was edited',
    `update approvals set statement_text = json_set(statement_text, '$.decision', 'void') where approval_id = ${unused}`,
  ],
  [
    'a used approval that is gone',
    'which is missing or not marked as used there',
    `delete from approvals where approval_id = ${used}`,
  ],
  [
    'a used approval made fresh again',
    'not marked as used there',
    `update approvals set used_seq = null, used_at = null where approval_id = ${used}`,
  ],
  [
    'an approval marked as used elsewhere',
    'which did not use it',
    `update approvals set used_seq = used_seq - 1 where approval_id = ${used}`,
  ],
  [
    'an approval marked as used at another time',
    'which did not use it',
    `update approvals set used_at = '2020-01-01T00:00:00.000Z' where approval_id = ${used}`,
  ],
  [
    'an unused approval marked as used',
    'which did not use it',
    `update approvals set used_seq = 3, used_at = '2020-01-01T00:00:00.000Z' where approval_id = ${unused}`,
  ],
  [
    'a used rehearsal made a signed approval',
    'the signature of approval',
    `update approvals set kind = 'signed', signature = 'x' where approval_id = ${used}`,
  ],
]

describe('loadRun for an edited record of a waiting run', () => {
  test.each(edits)('loadRun refuses a run with %s: %s', async (_, why, ...statements) => {
    world = aWorldWithPolicies()
    const run = await atSecondGate(world)
    edit(world, run.runId, ...statements)
    const tampered = {
      code: 'STORE_TAMPERED',
      data: { runId: run.runId },
      message: expect.stringContaining(why),
    }
    await expect(loadRun(world.parts, run.runId)).rejects.toMatchObject(tampered)
    await expect(world.engine.resume(run.runId, {})).rejects.toMatchObject(tampered)
    await expect(world.engine.cancel(run.runId, { reason: 'no' })).rejects.toMatchObject(tampered)
    await expect(approvalFor(world, run)).rejects.toMatchObject(tampered)
  })

  test('other runs continue when one record was edited', async () => {
    world = aWorldWithEvidence()
    const [run, neighbour] = [await atSecondGate(world), await twin(world)]
    edit(world, run.runId, "update history set by = 'nobody' where run_id = @id and seq = 2")
    expect(await approved(world, neighbour)).toMatchObject({ gate: 'SG2' })
    expect(await world.store.list({ limit: 9 })).toHaveLength(2)
  })

  test('loadRun accepts a run of which nothing was edited', async () => {
    world = aWorldWithEvidence()
    const run = await atSecondGate(world)
    expect(await loadRun(world.parts, run.runId)).toMatchObject({ runId: run.runId, gate: 'SG2' })
  })
})

/** Another run of the same world: the clock makes its id another one. */
async function twin({ engine, parts }: World): Promise<Run> {
  parts.randomHex = (bytes) => '02'.repeat(bytes)
  return engine.start(
    'cut',
    { document: 'OTHER', source: '/home/other.md', target: 'embedded' },
    { mode: 'dry-run' },
  )
}

describe('loadRun for an edited record of a closed or stopped run', () => {
  test('loadRun refuses a closed run with an edited outcome', async () => {
    world = aWorldWithEvidence()
    const run = await start(world)
    await world.engine.cancel(run.runId, { reason: 'no' })
    edit(world, run.runId, "update runs set outcome = 'succeeded' where run_id = @id")
    await expect(loadRun(world.parts, run.runId)).rejects.toMatchObject({
      message: expect.stringContaining('another outcome'),
    })
  })

  test.each([
    ['the reason', "stop = json_set(stop, '$.message', 'all is well')"],
    ['the code', "stop_code = 'STOP_DRIFT'"],
  ])('loadRun refuses a stopped run with an edited stop: %s', async (_, change) => {
    world = aWorldWithEvidence((name) => (name === 'mark' ? failure('mark') : succeeds(name)))
    const run = await start(world)
    expect(run.status).toBe('stopped')
    edit(world, run.runId, `update runs set ${change} where run_id = @id`)
    await expect(loadRun(world.parts, run.runId)).rejects.toMatchObject({
      message: expect.stringContaining('another stop'),
    })
  })
})

describe('loadRun for an older copy of the store', () => {
  const seen = (reports: HeadWitness | null) => {
    world.parts.reports = { lastSeen: async () => reports, atRest: async () => undefined }
  }

  test('loadRun refuses a run whose reports show an entry that the history lacks', async () => {
    world = aWorldWithEvidence()
    const run = await atSecondGate(world)
    seen({ seq: run.seq + 1, head: other, at: run.updatedAt })
    await expect(loadRun(world.parts, run.runId)).rejects.toMatchObject({
      code: 'STORE_TAMPERED',
      message: expect.stringContaining('the store is an older copy, or was rewritten'),
    })
  })

  test('loadRun refuses a run whose reports show an entry with another hash', async () => {
    world = aWorldWithEvidence()
    const run = await atSecondGate(world)
    seen({ seq: 3, head: other, at: run.updatedAt })
    await expect(loadRun(world.parts, run.runId)).rejects.toMatchObject({ code: 'STORE_TAMPERED' })
  })

  test('loadRun refuses a run that only the reports know', async () => {
    world = aWorldWithEvidence()
    seen({ seq: 7, head: other, at: '2026-03-01T09:00:00.000Z' })
    await expect(loadRun(world.parts, 'ictr-lost')).rejects.toMatchObject({
      code: 'STORE_TAMPERED',
      message: expect.stringContaining('has no run ictr-lost'),
    })
  })

  test('loadRun accepts a run whose reports are older, or missing', async () => {
    world = aWorldWithEvidence()
    const run = await atSecondGate(world)
    const [, , third] = await world.store.history(run.runId)
    seen({ seq: 3, head: third!.hash, at: third!.at })
    expect(await loadRun(world.parts, run.runId)).toMatchObject({ gate: 'SG2' })
    seen(null)
    expect(await loadRun(world.parts, run.runId)).toMatchObject({ gate: 'SG2' })
  })

  test('loadRun refuses a run with a used approval that names another history', async () => {
    world = aWorldWithEvidence()
    const run = await atSecondGate(world)
    // The complete chain is made again, as an attacker must do: only the statements still name the old entries.
    rewritten(world, run, await world.store.history(run.runId))
    await expect(loadRun(world.parts, run.runId)).rejects.toMatchObject({
      message: expect.stringMatching(/older copy, or was rewritten: approval ap-\w+ names entry 7/),
    })
  })
})

/** Every entry with another author, and every hash made to fit again. */
function rewritten(at: World, run: Run, history: HistoryEntry[]): void {
  let previousHash = history[0]!.previousHash
  const statements: string[] = []
  for (const entry of history) {
    const { hash: _, ...rest } = { ...entry, previousHash, by: 'somebody' }
    const hash = digestOfBytes(canonicalJson(rest))
    statements.push(
      `update history set by = 'somebody', previous_hash = '${previousHash}', hash = '${hash}' where run_id = @id and seq = ${entry.seq}`,
    )
    if (entry.seq === run.gateSeq) statements.push(`update runs set gate_head = '${hash}' where run_id = @id`)
    previousHash = hash
  }
  edit(at, run.runId, ...statements, `update runs set head = '${previousHash}' where run_id = @id`)
}

describe('resume', () => {
  test('resume refuses a run with a timer that its history did not ask for', async () => {
    world = aWorldWithEvidence()
    const run = await atSecondGate(world)
    const event = { type: 'APPROVE', approvalId: 'ap-1', approver: 'mallory@example.org' }
    edit(
      world,
      run.runId,
      `insert into timers (run_id, timer_id, due_at, event) values (@id, 't', '2020-01-01T00:00:00.000Z', '${JSON.stringify(event)}')`,
    )
    await expect(approved(world, run)).rejects.toMatchObject({
      code: 'STORE_TAMPERED',
      message: expect.stringContaining('its timers are not those'),
    })
  })

  test('resume refuses a run whose effect in flight has another input than its history asked for', async () => {
    let killed = true
    world = aWorldWithEvidence((name) => {
      if (name !== 'cut_leg_a' || !killed) return succeeds(name)
      throw new Error('killed')
    })
    const interrupt = new AbortController()
    world.parts.interrupt = interrupt.signal
    const run = await start(world)
    interrupt.abort()
    await expect(approved(world, run)).rejects.toThrow('interrupted')
    killed = false
    world.parts.interrupt = new AbortController().signal
    edit(
      world,
      run.runId,
      `update effects set input = json_set(input, '$.planDigest', '${other}') where run_id = @id`,
    )
    await expect(world.engine.resume(run.runId, {})).rejects.toMatchObject({
      code: 'STORE_TAMPERED',
      message: expect.stringContaining('its effects in flight are not those'),
    })
  })
})
