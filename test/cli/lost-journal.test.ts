import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../../src/locks/connect.ts'
import { type Answer, aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { charter, rehearseOn, start, started } from '../support/cli-steps.ts'

/** Homes that were copied while their newest entries were in the WAL alone, and what the copies show without it. */

let at: CutterHome
/** Was moved after the copy began. */
let older: string
/** Was started after it. */
let lost: string

const KEY = ['--key', 'once']

beforeAll(async () => {
  at = aCutterHome()
  at.file('small.md', charter('One.'))
  older = await started(at, { document: 'OLDER', source: 'small.md' })
  // As another process would: while it is open, nothing is taken out of the WAL.
  const holder = connect(at.path('var/cutter.db'))
  holder.pragma('wal_autocheckpoint = 0')
  holder.exec('begin; select count(*) from runs')
  expect(jsonOf(await rehearseOn(at, older)).gate).toBe('SG2')
  lost = jsonOf(await start(at, { document: 'LOST', source: 'small.md', more: KEY })).runId
  mkdirSync(at.path('copy'))
  for (const name of readdirSync(at.path('.')).filter((one) => one !== 'copy'))
    cpSync(at.path(name), at.path(`copy/${name}`), { recursive: true })
  holder.close()
})
afterAll(() => at.remove())

let copies = 0
/** The copy of the home, of which a test may spoil another copy. */
function aCopy(spoil: (folder: string) => void = () => {}): string {
  const folder = at.path(`copy-${++copies}`)
  cpSync(at.path('copy'), folder, { recursive: true })
  spoil(folder)
  return folder
}
const withoutJournal = (folder: string) => {
  for (const end of ['-wal', '-shm']) rmSync(join(folder, `var/cutter.db${end}`), { force: true })
}
const inCopy = (folder: string, ...args: string[]) => at.cutter([...args, '--home', folder])
const errorOf = (answer: Answer) => [answer.code, jsonOf(answer).error?.code]

describe('a home whose store was copied', () => {
  test('with its WAL has every entry', async () => {
    const copy = aCopy()
    expect(existsSync(join(copy, 'var/cutter.db-wal'))).toBe(true)
    const listed = await inCopy(copy, 'run', 'list', '--json')
    expect(jsonOf<{ runId: string }[]>(listed).map(({ runId }) => runId)).toEqual([lost, older])
    expect(listed.stderr).toBe('')
  })

  test('without its WAL names what is lost and the way out in run list and doctor', async () => {
    const copy = aCopy(withoutJournal)
    const listed = await inCopy(copy, 'run', 'list', '--json')
    expect(listed.stderr).toContain('its journal cutter.db-wal is lost')
    expect(listed.stderr).toMatch(new RegExp(`run ${lost} \\(entry \\d+; the store has no entry\\)`))
    expect(listed.stderr).toMatch(new RegExp(`run ${older} \\(entry \\d+; the store has \\d+\\)`))
    expect(listed.stderr).toContain('copy both again; else restore a backup: cutter store restore')
    const findings = jsonOf<{ check: string; status: string; message: string; next: string }[]>(
      await inCopy(copy, 'doctor', '--json'),
    )
    expect(findings.find(({ check }) => check === 'store')).toMatchObject({
      status: 'fail',
      message: expect.stringContaining(lost),
      next: expect.stringContaining('cutter store restore'),
    })
  })

  test('without its WAL moves neither of those runs, and starts no run of a key a second time', async () => {
    const copy = aCopy(withoutJournal)
    for (const runId of [older, lost])
      expect(errorOf(await inCopy(copy, 'run', 'resume', runId, '--json'))).toEqual([3, 'STORE_TAMPERED'])
    const source = ['--document', 'LOST', '--source', at.path('small.md')]
    const again = await inCopy(copy, 'run', 'start', 'cut', ...source, ...KEY, '--json')
    expect(errorOf(again)).toEqual([3, 'STORE_TAMPERED'])
    expect(again.stderr).toContain('The key once may be the key of a lost run; nothing was started')
  })

  test('without its WAL starts other runs, and says what is lost', async () => {
    const copy = aCopy(withoutJournal)
    const other = await inCopy(
      copy,
      ...['run', 'start', 'cut', '--document', 'OTHER', '--source', at.path('small.md'), '--json'],
    )
    // It may stop, because the copied home has no server of its own.
    expect(jsonOf(other)).toMatchObject({ runId: expect.stringMatching(/^ictr-/), mode: 'dry-run' })
    expect(other.stderr).toContain(`run ${lost}`)
  })

  test('without its WAL has every entry again once the WAL is copied too', async () => {
    const copy = aCopy(withoutJournal)
    for (const args of [['run', 'list'], ['run', 'show', older], ['doctor']]) await inCopy(copy, ...args)
    cpSync(at.path('copy/var/cutter.db-wal'), join(copy, 'var/cutter.db-wal'))
    const listed = await inCopy(copy, 'run', 'list', '--json')
    expect([jsonOf<unknown[]>(listed).length, listed.stderr]).toEqual([2, ''])
  })

  test('next to the WAL of another store is refused, and a restored backup replaces both', async () => {
    const other = aCutterHome()
    try {
      await started(other, { document: 'OTHER', source: other.file('small.md', charter('One.')) })
      const copy = aCopy(withoutJournal)
      const holder = connect(other.path('var/cutter.db'))
      holder.exec('create table extra (a); insert into extra values (1)')
      cpSync(other.path('var/cutter.db-wal'), join(copy, 'var/cutter.db-wal'))
      holder.close()
      const listed = await inCopy(copy, 'run', 'list', '--json')
      expect(errorOf(listed)).toEqual([1, 'STORE_CORRUPT'])
      expect(listed.stderr).toContain('belongs to another store')
      await at.cutter(['store', 'backup', '--out', 'backup.db'])
      const restored = await inCopy(copy, 'store', 'restore', at.path('backup.db'), '--json')
      expect(restored.code, restored.stderr).toBe(0)
      expect(jsonOf<unknown[]>(await inCopy(copy, 'run', 'list', '--json'))).toHaveLength(2)
    } finally {
      await other.remove()
    }
  })
})

test('the embedded server removes the locks and drafts that killed processes of earlier versions left behind', async () => {
  const folder = at.path('var/locks')
  const left = ['embedded.lock', 'embedded.lock.4711-0f3a9c1d', 'embedded.lock.guard'].map((name) =>
    join(folder, name),
  )
  for (const file of left) {
    writeFileSync(file, '{}')
    utimesSync(file, 0, 0)
  }
  await rehearseOn(at, older)
  expect(left.filter((file) => existsSync(file))).toEqual([])
})
