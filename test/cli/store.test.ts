import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../../src/locks/connect.ts'
import { aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { rehearse, resume } from '../support/cli-steps.ts'

/** Copies of the store, away from it and back, and what may go. By a machine that needs no database. */

let at: CutterHome
beforeAll(() => {
  at = aCutterHome()
  at.file('rotate-keys.ts', readFileSync(resolve(import.meta.dirname, '../examples/rotate-keys.ts')))
  at.file('service.key', 'old key\n')
})
afterAll(() => at?.remove())

const starts = (...more: string[]) =>
  at.cutter(['run', 'start', './rotate-keys.ts', '--file', 'service.key', '--json', ...more])
const started = async (...more: string[]) => jsonOf(await starts(...more)).runId
const store = (...args: string[]) => at.cutter(['store', ...args, '--json'])
const db = () => at.path('var/cutter.db')
const errorOf = (answer: { code: number; stdout: string; stderr: string }) =>
  jsonOf<{ error: { code: string; message: string; next: string } }>(answer).error
const copies = () => readdirSync(at.path('var')).filter((name) => name.startsWith('cutter.db.'))

async function closed(runId: string): Promise<RunJson> {
  const { approvalId } = await rehearse(at, runId)
  return jsonOf(await resume(at, runId, approvalId))
}

describe('store backup', () => {
  test('writes a checked copy for its owner alone, and never over a file', async () => {
    const runId = await started()
    const made = await store('backup', '--out', 'one.db')
    expect([made.code, jsonOf(made)]).toMatchObject([0, { runs: 1, entries: 2, faults: [] }])
    const held = connect(at.path('one.db'), { readonly: true })
    expect(held.prepare('select run_id from runs').pluck().all()).toEqual([runId])
    held.close()
    expect(readdirSync(at.home).filter((name) => name.startsWith('one.db'))).toEqual(['one.db'])
    expect((await store('backup', '--out', 'one.db')).code).toBe(2)
  })

  test('names a run that does not hold, and exits with 1', async () => {
    const runId = await started()
    copyFileSync(db(), at.path('kept.db'))
    const edited = connect(db())
    edited.prepare("update runs set plan_digest = 'sha256:other' where run_id = ?").run(runId)
    edited.close()
    const made = await store('backup', '--out', 'edited.db')
    expect([made.code, jsonOf<{ faults: string[] }>(made).faults]).toEqual([
      1,
      [expect.stringContaining(runId)],
    ])
    expect((await store('restore', 'kept.db', '--discard-newer')).code).toBe(0)
  })
})

describe('store restore', () => {
  test('replaces the store and keeps the earlier one, when no entry is lost', async () => {
    const runId = await started()
    await store('backup', '--out', 'two.db')
    const restored = await store('restore', 'two.db')
    expect(restored.code).toBe(0)
    const { replaced } = jsonOf<{ replaced: string }>(restored)
    const old = connect(replaced, { readonly: true })
    expect(old.prepare('select run_id from runs').pluck().all()).toContain(runId)
    old.close()
    expect(jsonOf(await at.cutter(['run', 'show', runId, '--json']))).toMatchObject({
      runId,
      status: 'paused',
    })
    expect(existsSync(at.path('two.db'))).toBe(true)
  })

  test('restores a missing or unreadable store', async () => {
    const runId = await started()
    await store('backup', '--out', 'three.db')
    writeFileSync(db(), 'no database at all, but of some length '.repeat(200))
    expect((await at.cutter(['run', 'show', runId])).code).toBe(1)
    expect((await store('restore', 'three.db')).code).toBe(0)
    expect(jsonOf(await at.cutter(['run', 'show', runId, '--json'])).status).toBe('paused')
  })

  test('refuses a backup that lacks entries; with --discard-newer it names the runs, which are refused then', async () => {
    const runId = await started()
    await store('backup', '--out', 'four.db')
    const now = await closed(runId)
    const names = copies()
    const refused = await store('restore', 'four.db')
    expect([refused.code, errorOf(refused)]).toMatchObject([
      3,
      {
        code: 'STORE_CONFLICT',
        message: expect.stringContaining(runId),
        next: expect.stringContaining('--discard-newer'),
      },
    ])
    expect(copies()).toEqual(names)
    expect(jsonOf(await at.cutter(['run', 'show', runId, '--json'])).outcome).toBe(now.outcome)

    const restored = await store('restore', 'four.db', '--discard-newer')
    const { behind, replaced } = jsonOf<{ behind: { runId: string }[]; replaced: string }>(restored)
    expect(behind).toMatchObject([{ runId, why: expect.stringContaining('an older copy') }])
    const shown = await at.cutter(['run', 'resume', runId, '--json'])
    expect([shown.code, errorOf(shown).code]).toEqual([3, 'STORE_TAMPERED'])
    expect((await store('restore', replaced)).code).toBe(0)
    expect(jsonOf(await at.cutter(['run', 'show', runId, '--json'])).outcome).toBe(now.outcome)
  })

  test('changes nothing while another process has the store open', async () => {
    await store('backup', '--out', 'five.db')
    const other = connect(db())
    other.prepare('select count(*) from runs').get()
    const refused = await store('restore', 'five.db')
    other.close()
    expect([refused.code, errorOf(refused).code]).toEqual([3, 'STORE_CONFLICT'])
    expect(copies().filter((name) => name.includes('restoring'))).toEqual([])
    expect((await store('restore', 'five.db')).code).toBe(0)
  })

  test.each([
    ['a file that is no store', 'junk.db', 'nothing of ours', 1, 'STORE_CORRUPT'],
    ['no file', 'nowhere.db', null, 2, 'INPUT_REFUSED'],
  ])('refuses %s', async (_, name, text, code, error) => {
    if (text !== null) at.file(name, text)
    const names = copies()
    const refused = await store('restore', name)
    expect([refused.code, errorOf(refused).code]).toEqual([code, error])
    expect(errorOf(refused).message).toContain(`${at.path(name)} can't be restored`)
    expect(copies()).toEqual(names)
  })

  test('leaves the execution switch off and a hold on', async () => {
    await at.cutter(['execution', 'enable', '--for', '1h', '--reason', 'then'])
    await store('backup', '--out', 'six.db')
    await at.cutter(['execution', 'disable'])
    await at.cutter(['hold', 'on', '--reason', 'now'])
    expect((await store('restore', 'six.db')).code).toBe(0)
    const status = async (what: string) =>
      jsonOf<{ enabled?: boolean }>(await at.cutter([what, 'status', '--json']))
    expect(await status('execution')).toMatchObject({ enabled: false })
    expect((await starts()).code).toBe(3)
    await at.cutter(['hold', 'off'])
  })
})

describe('store prune', () => {
  test('lists the runs without --into, and removes none', async () => {
    const runId = await started()
    await closed(runId)
    const listed = await store('prune', '--older-than', '1s')
    expect(listed.code).toBe(0)
    await expect.poll(async () => (await store('prune', '--older-than', '1s')).stdout).toContain(runId)
    expect(jsonOf(await at.cutter(['run', 'show', runId, '--json'])).status).toBe('closed')
    expect(jsonOf(await store('prune', '--older-than', '30d'))).toEqual([])
  })

  test('removes closed runs, each into a bundle that verifies; open runs stay, and keys stay used', async () => {
    const open = await started()
    const runId = await started('--key', 'once')
    await closed(runId)
    await expect.poll(async () => (await store('prune', '--older-than', '1s')).stdout).toContain(runId)
    const pruned = await store('prune', '--older-than', '1s', '--into', 'archive')
    type Row = { runId: string; bundle: string; bundleDigest: string }
    const row = jsonOf<Row[]>(pruned).find((one) => one.runId === runId)!
    expect(jsonOf(await at.cutter(['verify', row.bundle, '--json']))).toMatchObject({ holds: true, runId })
    expect(existsSync(at.path(`var/runs/${runId}`))).toBe(false)

    const shown = await at.cutter(['run', 'show', runId, '--json'])
    expect([shown.code, errorOf(shown)]).toMatchObject([
      4,
      {
        code: 'RUN_NOT_FOUND',
        message: expect.stringContaining('was pruned'),
        next: expect.stringContaining(row.bundleDigest),
      },
    ])
    const again = await starts('--key', 'once')
    expect([again.code, errorOf(again)]).toMatchObject([
      2,
      { code: 'KEY_REUSED', message: expect.stringContaining(runId) },
    ])
    expect(jsonOf(await at.cutter(['run', 'show', open, '--json'])).status).toBe('paused')
    expect((await at.cutter(['doctor'])).code).toBe(0)
    // What forbids deleting is there again.
    const held = connect(db())
    expect(() => held.prepare('delete from history').run()).toThrow('append-only')
    held.close()
  })

  test('refuses a run when another file has the name of its bundle', async () => {
    const runId = await started()
    await closed(runId)
    await expect.poll(async () => (await store('prune', '--older-than', '1s')).stdout).toContain(runId)
    at.file(`archive/${runId}.tar`, 'something else')
    const refused = await store('prune', '--older-than', '1s', '--into', 'archive')
    expect([refused.code, errorOf(refused).message]).toEqual([2, expect.stringContaining('was not pruned')])
    expect(jsonOf(await at.cutter(['run', 'show', runId, '--json'])).status).toBe('closed')
  })
})

describe('a run that somebody deletes by hand', () => {
  test('is kept by the store, and its history is named by store check, run list and doctor where the guard was removed', async () => {
    const runId = await started()
    const edited = connect(db())
    edited.pragma('foreign_keys = off')
    const remove = () => edited.prepare('delete from runs where run_id = ?').run(runId)
    expect(remove).toThrow('runs are kept: cutter store prune removes closed ones')
    const good = await store('check')
    expect([good.code, jsonOf<{ faults: string[] }>(good).faults]).toEqual([0, []])

    edited.exec('drop trigger runs_are_not_deleted')
    remove()
    edited.close()
    const fault = `the store has the history of run ${runId}, but not the run`
    const checked = await store('check')
    expect([checked.code, jsonOf<{ faults: string[] }>(checked).faults]).toEqual([
      1,
      [expect.stringContaining(fault)],
    ])
    expect((await at.cutter(['run', 'list'])).stderr).toContain(fault)
    expect((await at.cutter(['doctor'])).stdout).toContain(fault)
  })
})
