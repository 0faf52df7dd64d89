import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { manifestText } from '../../src/bundle/bundle-files.ts'
import type { Run } from '../../src/domain/run.ts'
import { verifyRun } from '../../src/engine/verify-run.ts'
import { removeFolders, withDatabase } from '../store/store-folders.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { abandoned } from './abandoned-runs.ts'
import { aBundleMaker, type Bundles, bundleOf, filesIn, recordIn, tarOf } from './bundle-fixture.ts'

/** A run whose store has lost evidence is neither shown nor moved. It can be abandoned, and all that is left names what is lost. */

const made: Bundles[] = []
afterEach(async () => {
  await Promise.all(made.splice(0).map((at) => at.remove()))
})
afterAll(removeFolders)

const DAMAGES: { [name: string]: string } = {
  'the row of a plan': "delete from run_evidence where name = 'plan/SG1'",
  'the row of a receipt': "delete from run_evidence where name = 'receipt/mark'",
  'the row of a policy': "delete from run_evidence where name = 'policy/SG1'",
  'the bytes of a receipt': `update evidence set bytes = cast('other' as blob)
    where digest = (select digest from run_evidence where name = 'receipt/mark')`,
}

async function aDamagedRun(damage: string): Promise<{ at: Bundles; run: Run }> {
  const at = await aBundleMaker()
  made.push(at)
  const run = await at.approve(await at.started('live'))
  withDatabase(at.world.file, (db) => {
    const triggers = db.prepare("select name from sqlite_schema where type = 'trigger'").all() as {
      name: string
    }[]
    for (const { name } of triggers) db.exec(`drop trigger ${name}`)
    db.exec(damage)
  })
  return { at, run }
}

/** The answer of docs/verify.py. Null where there is no Python. */
function answerOfPython(tar: Buffer, signers: string): { holds: boolean } | null {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-lost-'))
  writeFileSync(join(folder, 'run.tar'), tar)
  const program = resolve(import.meta.dirname, '../../docs/verify.py')
  const args = [program, join(folder, 'run.tar'), '--signers', signers]
  const { stdout, error } = spawnSync('python3', args, { encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  return error === undefined ? (JSON.parse(stdout) as { holds: boolean }) : null
}

describeWithKeys('a live run whose store has lost', () => {
  test.each(Object.entries(DAMAGES))(
    '%s can only be abandoned, which names what is lost',
    async (_, damage) => {
      const { at, run } = await aDamagedRun(damage)
      const { engine, parts, store } = at.world
      const tampered = { code: 'STORE_TAMPERED', next: expect.stringContaining('cutter run abandon') }
      await expect(engine.resume(run.runId, {})).rejects.toMatchObject(tampered)
      await expect(engine.cancel(run.runId, { reason: 'gone' })).rejects.toMatchObject(tampered)
      const closed = await abandoned(at, run)
      expect(closed).toMatchObject({ status: 'closed', outcome: 'abandoned' })
      const { event } = (await store.history(run.runId)).at(-1)!
      const lost = event.lostEvidence as { seq: number; name: string; digest: string }[]
      expect([...new Set(lost.map(({ name }) => name))]).toEqual([
        /(?:plan|receipt|policy)\/\w+/.exec(damage)![0],
      ])
      expect(await verifyRun(parts, run.runId)).toMatchObject({ replayed: true })
      const answered = await engine.resume(run.runId, {})
      expect(answered.outcome).toBe('abandoned')

      const tar = await at.exported(closed)
      const verdict = await at.verify(tar)
      expect([verdict.firstFault, verdict.holds]).toEqual([null, true])
      expect(verdict.notes.join('\n')).toContain(
        'the store had lost this evidence when the run was abandoned',
      )
      const { closeout } = await recordIn(tar)
      expect(JSON.parse(closeout!.text).predicate.lostEvidence).toEqual(lost)
      expect([{ holds: true }, null]).toContainEqual(
        holdsOf(answerOfPython(tar, at.keys.path('allowed_signers'))),
      )
    },
  )

  test('a plan leaves a bundle that lacks nothing else', async () => {
    const { at, run } = await aDamagedRun(DAMAGES['the row of a plan']!)
    const tar = await at.exported(await abandoned(at, run))
    const files = await filesIn(tar)
    const other = [...files.keys()].find((path) => path.startsWith('evidence/'))!
    files.delete(other)
    files.set('MANIFEST.sha256', Buffer.from(manifestText(files)))
    const shorter = await tarOf(files)
    expect((await at.verify(shorter)).firstFault).toMatchObject({ code: 'FILE_MISSING' })
    expect([{ holds: false }, null]).toContainEqual(
      holdsOf(answerOfPython(shorter, at.keys.path('allowed_signers'))),
    )
  })

  test('nothing has no bundle that says so', async () => {
    const { at, run } = await aDamagedRun(DAMAGES['the row of a plan']!)
    const tar = await at.exported(await abandoned(at, run))
    const record = await recordIn(tar)
    const event = record.history.at(-1)!.event as { lostEvidence?: object[] }
    event.lostEvidence = [...event.lostEvidence!, { ...event.lostEvidence![0]!, name: 'never/named' }]
    const verdict = await at.verify(await bundleOf({ ...record, closeout: null }, tar))
    expect(verdict.holds).toBe(false)
  })
})

const holdsOf = (answer: { holds: boolean } | null) => (answer === null ? null : { holds: answer.holds })
