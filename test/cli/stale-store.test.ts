import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../../src/locks/connect.ts'
import { type Answer, aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import {
  ALICE,
  approve,
  charter,
  historyOf,
  rehearseOn,
  resume,
  sign,
  start,
  started,
} from '../support/cli-steps.ts'
import { aLiveHome } from './live-home.ts'

/** The reports next to the store, and what they and later approvals show of a restored or edited store. */

let at: CutterHome
let key: string

beforeAll(async () => {
  ;({ at, key } = await aLiveHome())
})
afterAll(() => at.remove())

const db = () => at.path('var/cutter.db')
const reportsOf = (runId: string) => at.path(`var/runs/${runId}`)
const errorOf = (answer: Answer) => [answer.code, jsonOf(answer).error?.code]

/** A copy of the store as it is now; the answer puts it back. */
function aCopy(name: string): () => void {
  const store = connect(db())
  store.pragma('wal_checkpoint(truncate)')
  store.close()
  copyFileSync(db(), at.path(name))
  return () => {
    for (const end of ['-wal', '-shm']) rmSync(`${db()}${end}`, { force: true })
    copyFileSync(at.path(name), db())
  }
}

function edited(sql: string, ...given: string[]): void {
  const store = connect(db())
  for (const name of store.prepare("select name from sqlite_schema where type = 'trigger'").pluck().all())
    store.exec(`drop trigger ${name}`)
  expect(store.prepare(sql).run(...given).changes).toBe(1)
  store.close()
}

describe('the reports of a run', () => {
  let runId: string
  beforeAll(async () => {
    runId = await started(at, { document: 'REPORTED', source: 'small.md' })
  })

  test('are made by `run report` when somebody deleted or changed them', async () => {
    const before = readFileSync(`${reportsOf(runId)}/06-approval-request-SG1.md`, 'utf8')
    writeFileSync(`${reportsOf(runId)}/06-approval-request-SG1.md`, 'changed')
    rmSync(`${reportsOf(runId)}/01-source_pin.md`)
    const made = await at.cutter(['run', 'report', runId, '--json'])
    expect(jsonOf(made)).toEqual({ runId, folder: reportsOf(runId), seq: 7 })
    expect(readFileSync(`${reportsOf(runId)}/06-approval-request-SG1.md`, 'utf8')).toBe(before)
    expect(readdirSync(reportsOf(runId))).toContain('01-source_pin.md')
  })

  test('are in var/runs for their owner alone, and `run show` names the folder', async () => {
    expect(statSync(reportsOf(runId)).mode & 0o777).toBe(0o700)
    expect(readdirSync(reportsOf(runId))).toContain('06-approval-request-SG1.md')
    const { stdout } = await at.cutter(['run', 'show', runId])
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(`reports var/runs/${runId}`)
  })

  test('are written by the next command that resumes the run after a crash', async () => {
    rmSync(reportsOf(runId), { recursive: true })
    expect((await at.cutter(['run', 'show', runId])).stdout).not.toContain('reports ')
    expect((await resume(at, runId)).code).toBe(3)
    expect(readdirSync(reportsOf(runId))).toContain('06-approval-request-SG1.json')
    rmSync(reportsOf(runId), { recursive: true })
    await rehearseOn(at, runId)
    expect(jsonOf(await rehearseOn(at, runId)).outcome).toBe('succeeded')
    expect(readdirSync(reportsOf(runId))).toEqual(expect.arrayContaining(['15-closeout.md', 'closeout.md']))
    rmSync(reportsOf(runId), { recursive: true })
    const again = await resume(at, runId)
    expect([again.code, again.stderr]).toEqual([0, ''])
    expect(readdirSync(reportsOf(runId))).toContain('closeout.json')
  })

  test('cause only a warning on stderr when they can’t be written', async () => {
    const other = aCutterHome()
    try {
      other.file('small.md', charter('One.'))
      await other.cutter(['run', 'list'])
      writeFileSync(other.path('var/runs'), 'in the way')
      const answer = await start(other, { document: 'UNWRITTEN', source: 'small.md' })
      expect([answer.code, jsonOf(answer).gate]).toEqual([0, 'SG1'])
      expect(answer.stderr).toMatch(/^cutter: the reports of run .* could not be written/m)
    } finally {
      await other.remove()
    }
  })
})

describe('a store that was replaced by an older copy', () => {
  let runId: string
  let neighbour: string
  let putBack: () => void
  let statement: string

  beforeAll(async () => {
    runId = await started(at, { document: 'OLDER', source: 'small.md', mode: 'live' })
    neighbour = await started(at, { document: 'NEIGHBOUR', source: 'small.md' })
    putBack = aCopy('older.db')
    expect(jsonOf(await approve(at, runId, key)).gate).toBe('SG2')
    statement = (await at.cutter(['approval', 'statement', runId, '--as', ALICE])).stdout
    const { approvalId } = await sign(at, runId, key)
    const shown = await at.cutter(['approval', 'show', approvalId, '--json'])
    const { statementText, signature } = jsonOf<{ statementText: string; signature: string }>(shown)
    at.file('later.json', statementText)
    at.file('later.json.sig', signature)
    putBack()
  })

  test.each([
    ['show', []],
    ['plan', []],
    ['resume', []],
    ['cancel', ['--reason', 'no']],
  ])('is noticed by the reports: `run %s` refuses with exit code 3', async (verb, more) => {
    const answer = await at.cutter(['run', verb, runId, '--json', ...more])
    expect(errorOf(answer)).toEqual([3, 'STORE_TAMPERED'])
    expect(answer.stderr).toContain('the store is an older copy, or was rewritten')
    expect(jsonOf(answer).status).toBeUndefined()
  })

  test('accepts no new approval of that run', async () => {
    const answer = await at.cutter(['approval', 'sign', runId, '--as', ALICE, '--key', key, '--json'])
    expect(errorOf(answer)).toEqual([3, 'STORE_TAMPERED'])
  })

  test('lists other runs, and they continue', async () => {
    const listed = await at.cutter(['run', 'list', '--json'])
    const ids = jsonOf<{ runId: string }[]>(listed).map((run) => run.runId)
    expect([listed.code, ids.includes(neighbour)]).toEqual([0, true])
    expect(jsonOf(await rehearseOn(at, neighbour)).gate).toBe('SG2')
  })

  test('is noticed by a later approval when var/runs is missing too', async () => {
    rmSync(at.path('var/runs'), { recursive: true })
    expect(jsonOf(await at.cutter(['run', 'show', runId, '--json'])).gate).toBe('SG1')
    const answer = await at.cutter([
      ...['approval', 'import', '--statement', 'later.json', '--signature', 'later.json.sig', '--json'],
    ])
    expect(errorOf(answer)).toEqual([3, 'STORE_TAMPERED'])
    expect(answer.stderr).toMatch(/older copy, or was rewritten: approval ap-\w+ names entry 14/)
  })

  test('is not judged by an unsigned statement', async () => {
    at.file('forged.json', statement)
    const answer = await at.cutter([
      ...['approval', 'import', '--statement', 'forged.json', '--signature', 'later.json.sig', '--json'],
    ])
    expect(errorOf(answer)).toEqual([3, 'APPROVAL_REFUSED'])
  })

  test('names a run that it never had, instead of an unknown run', async () => {
    const restore = aCopy('before.db')
    const lost = await started(at, { document: 'LOST', source: 'small.md' })
    restore()
    for (const verb of ['show', 'resume']) {
      const answer = await at.cutter(['run', verb, lost.slice(-8), '--json'])
      expect(errorOf(answer)).toEqual([3, 'STORE_TAMPERED'])
      expect(answer.stderr).toContain(`the store has no run ${lost}, but var/runs knows it up to entry 7`)
    }
    expect(errorOf(await at.cutter(['run', 'show', 'nobody', '--json']))).toEqual([4, 'RUN_NOT_FOUND'])
  })
})

describe('a store that was edited', () => {
  test('in an old row refuses that run, and its history can still be read', async () => {
    const runId = await started(at, { document: 'EDITED', source: 'small.md' })
    edited("update history set by = 'nobody' where run_id = ? and seq = 2", runId)
    const answer = await at.cutter(['run', 'show', runId, '--json'])
    expect(errorOf(answer)).toEqual([3, 'STORE_TAMPERED'])
    expect(answer.stderr).toContain('entry 2 was edited. Other runs are not affected.')
    expect(await historyOf(at, runId)).toHaveLength(7)
    expect(errorOf(await at.cutter(['run', 'history', runId, '--verify', '--json']))).toEqual([
      3,
      'STORE_TAMPERED',
    ])
  })

  test('in the plan of a run prints no plan', async () => {
    const runId = await started(at, { document: 'PLANNED', source: 'small.md' })
    const { planDigest } = jsonOf(await at.cutter(['run', 'show', runId, '--json']))
    edited("update evidence set bytes = cast('{}' as blob) where digest = ?", planDigest!)
    const answer = await at.cutter(['run', 'plan', runId])
    expect([answer.code, answer.stdout]).toEqual([3, ''])
    expect(answer.stderr).toContain('the evidence plan/SG1 was edited')
  })

  test('in the signature of a used approval refuses the run', async () => {
    const runId = await started(at, { document: 'SIGNED', source: 'small.md', mode: 'live' })
    const { approvalId } = await sign(at, runId, key)
    expect(jsonOf(await resume(at, runId, approvalId)).gate).toBe('SG2')
    edited("update approvals set signature = signature || ' ' where approval_id = ?", approvalId)
    const answer = await at.cutter(['run', 'show', runId, '--json'])
    expect(errorOf(answer)).toEqual([3, 'STORE_TAMPERED'])
    expect(answer.stderr).toContain(
      `the signature of approval ${approvalId} is not the one that it was used with`,
    )
  })
})
