import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CloseoutSignature } from '../../../src/domain/closeout-signature.ts'
import { digestOfBytes } from '../../../src/domain/json.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { RunStore } from '../../../src/store/run-store.ts'
import { type OpenOptions, openDatabase } from '../../../src/store/sqlite/open-database.ts'
import { openRunStore } from '../../../src/store/sqlite/open-run-store.ts'
import { NOBODY, whyNotAsNobody } from '../../support/ordinary-user.ts'
import { openAtOnce, openerProgram } from '../processes/openers.ts'
import { atGate, firstStep, mine, stepAfter } from '../step-fixture.ts'
import { aFolder, aStoreFile, migrationsDirectory, removeFolders, withDatabase } from '../store-folders.ts'

let program: string
beforeAll(async () => {
  program = await openerProgram()
})
afterAll(removeFolders)

/** A store with one run in it, closed. */
async function aFilledStore(): Promise<OpenOptions & { runId: string }> {
  const options = aStoreFile()
  const store = openRunStore(options)
  const step = firstStep({
    evidence: [{ name: 'e', digest: 'd', mediaType: 'text/plain', bytes: Buffer.alloc(100_000) }],
  })
  await store.create(step, mine)
  await store.close()
  return { ...options, runId: step.run.runId }
}

const contents = (file: string) =>
  Object.fromEntries(
    readdirSync(dirname(file)).map((name) => [name, digestOfBytes(readFileSync(join(dirname(file), name)))]),
  )

/** Opening fails with the code, and the folder is as it was, byte for byte. */
function refusesUntouched(options: OpenOptions, code: string, message: RegExp): void {
  const before = contents(options.file)
  let error: unknown = null
  try {
    openDatabase(options).close()
  } catch (thrown) {
    error = thrown
  }
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
  expect(contents(options.file)).toEqual(before)
}

const NEWEST = Math.max(...readdirSync(migrationsDirectory).map((name) => Number(name.slice(0, 4))))
const LATER = 9001

describe('a new store', () => {
  test('is created with its folders, in WAL mode, with full fsync and foreign keys', () => {
    const file = join(aFolder(), 'deep', 'var', 'cutter.db')
    const db = openDatabase({ file, migrationsDirectory })
    const pragma = (name: string) => db.pragma(name, { simple: true })
    expect([pragma('journal_mode'), pragma('synchronous'), pragma('foreign_keys')]).toEqual(['wal', 2, 1])
    expect(pragma('user_version')).toBe(NEWEST)
    db.close()
  })

  test('has strict tables only', () => {
    const db = openDatabase(aStoreFile())
    const tables = db.pragma('table_list') as { schema: string; name: string; strict: number }[]
    const ours = tables.filter(({ schema, name }) => schema === 'main' && !name.startsWith('sqlite_'))
    expect(ours.length).toBeGreaterThan(7)
    expect(ours.filter(({ strict }) => strict !== 1)).toEqual([])
    db.close()
  })

  test('can’t be read by other users, nor its folder be listed', () => {
    const file = join(aFolder(), 'var', 'cutter.db')
    openDatabase({ file, migrationsDirectory }).close()
    expect(statSync(dirname(file)).mode & 0o066).toBe(0)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(dirname(file))).toEqual(['cutter.db'])
  })

  test('is the same store when it is opened again', async () => {
    const { runId, ...options } = await aFilledStore()
    const store = openRunStore(options)
    expect((await store.run(runId))?.runId).toBe(runId)
    await store.close()
  })
})

describe('openDatabase refuses and does not change', () => {
  test('a file of a newer version', async () => {
    const options = await aFilledStore()
    withDatabase(options.file, (db) => db.pragma('user_version = 9999'))
    refusesUntouched(options, 'STORE_NEWER', new RegExp(`store version 9999, this one knows ${NEWEST}`))
  })

  test('a file of a newer version with another journal mode', async () => {
    const options = await aFilledStore()
    withDatabase(options.file, (db) => {
      db.pragma('journal_mode = delete')
      db.pragma('user_version = 9999')
    })
    refusesUntouched(options, 'STORE_NEWER', /newer Cutter/)
  })

  test('a file that is not a database', () => {
    const options = aStoreFile()
    writeFileSync(options.file, 'These are minutes of a meeting.\n'.repeat(400))
    refusesUntouched(options, 'STORE_CORRUPT', /nothing was changed/)
  })

  test.each([1_000, 20_000])('a store truncated after %i bytes', async (length) => {
    const options = await aFilledStore()
    truncateSync(options.file, length)
    refusesUntouched(options, 'STORE_CORRUPT', /nothing was changed/)
  })

  test('a store with overwritten pages, when they are read', async () => {
    const { runId, ...options } = await aFilledStore()
    const table = "select rootpage from sqlite_schema where name = 'runs'"
    const page = withDatabase(options.file, (db) => db.prepare(table).pluck().get() as number)
    const bytes = readFileSync(options.file)
    bytes.fill(0x5a, (page - 1) * 4_096, page * 4_096)
    writeFileSync(options.file, bytes)
    const store = openRunStore(options)
    await expect(store.run(runId)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    await store.close()
    expect(readFileSync(options.file).equals(bytes)).toBe(true)
  })

  test('a folder instead of the file', () => {
    const options = aStoreFile()
    mkdirSync(options.file)
    expect(() => openDatabase(options)).toThrow(expect.objectContaining({ code: 'STORE_UNWRITABLE' }))
  })

  test.skipIf(process.platform !== 'linux')(
    'in a place where no folder can be made is refused at once (Linux)',
    () => {
      const options = { file: '/proc/no-such/var/cutter.db', migrationsDirectory }
      expect(() => openDatabase(options)).toThrow(expect.objectContaining({ code: 'STORE_UNWRITABLE' }))
    },
  )

  test('a file instead of the folder', () => {
    const blocked = join(aFolder(), 'var')
    writeFileSync(blocked, '')
    const options = { file: join(blocked, 'cutter.db'), migrationsDirectory }
    expect(() => openDatabase(options)).toThrow(expect.objectContaining({ code: 'STORE_UNWRITABLE' }))
  })
})

describe('openDatabase without the right to write refuses', () => {
  const why = whyNotAsNobody()
  if (why !== null) console.info(`left out, "without the right to write": ${why}`)
  const asNobody = (options: OpenOptions) => openAtOnce(program, options, { as: NOBODY })

  test.skipIf(why !== null)('a folder is refused, and nothing appears in it', async () => {
    const options = aStoreFile()
    chmodSync(dirname(options.file), 0o555)
    expect(await asNobody(options)).toMatchObject([{ code: 'STORE_UNWRITABLE' }])
    expect(readdirSync(dirname(options.file))).toEqual([])
  })

  test.skipIf(why !== null)('a folder that can’t be made is refused', async () => {
    const folder = aFolder()
    const file = join(folder, 'var', 'cutter.db')
    expect(await asNobody({ file, migrationsDirectory })).toMatchObject([{ code: 'STORE_UNWRITABLE' }])
    expect(readdirSync(folder)).toEqual([])
  })

  test.skipIf(why !== null)('a file that may not be read is refused, and stays as it is', async () => {
    const options = await aFilledStore()
    chownSync(dirname(options.file), NOBODY.uid, NOBODY.gid)
    chmodSync(options.file, 0o600)
    const before = contents(options.file)
    expect(await asNobody(options)).toMatchObject([{ code: 'STORE_UNWRITABLE' }])
    expect(contents(options.file)).toEqual(before)
  })
})

describe('a store of an older version', () => {
  /** The migrations with another one behind them, as a later version would bring it. */
  function laterMigrations(
    sql = 'create table later (x text) strict; insert into later values (1);',
  ): string {
    const folder = join(aFolder(), 'migrations')
    cpSync(migrationsDirectory, folder, { recursive: true })
    writeFileSync(join(folder, `${LATER}_later.sql`), sql)
    return folder
  }
  const version = (file: string) => withDatabase(file, (db) => db.pragma('user_version', { simple: true }))
  const runs = (file: string) =>
    withDatabase(file, (db) => db.prepare('select run_id from runs').pluck().all())
  const backupOf = (file: string, from = NEWEST) => `${file}.before-migration-from-${from}`

  test('is copied before its migration', async () => {
    const { file, runId } = await aFilledStore()
    openDatabase({ file, migrationsDirectory: laterMigrations() }).close()
    expect([version(file), version(backupOf(file))]).toEqual([LATER, NEWEST])
    expect(statSync(backupOf(file)).mode & 0o777).toBe(0o600)
    expect([runs(file), runs(backupOf(file))]).toEqual([[runId], [runId]])
  })

  test('is copied completely, with the steps of its WAL', async () => {
    const { file } = await aFilledStore()
    const open = openRunStore({ file, migrationsDirectory })
    const late = firstStep()
    await open.create(late, mine)
    openDatabase({ file, migrationsDirectory: laterMigrations() }).close()
    expect(runs(backupOf(file))).toContain(late.run.runId)
    await open.close()
  })

  test('stays unchanged when its migration fails, and can be migrated later', async () => {
    const { file, runId } = await aFilledStore()
    const broken = laterMigrations('create table later (x text) strict; insert into nowhere values (1);')
    expect(() => openDatabase({ file, migrationsDirectory: broken })).toThrow('nowhere')
    expect(version(file)).toBe(NEWEST)
    expect(withDatabase(file, (db) => db.pragma('table_info(later)'))).toEqual([])
    openDatabase({ file, migrationsDirectory: laterMigrations() }).close()
    expect([version(file), runs(file)]).toEqual([LATER, [runId]])
  })

  test('is migrated once when many processes open it at the same moment', async () => {
    const { file, runId } = await aFilledStore()
    const answers = await openAtOnce(program, { file, migrationsDirectory: laterMigrations() }, { times: 4 })
    expect(answers).toEqual(Array(4).fill({ opened: LATER }))
    expect(withDatabase(file, (db) => db.prepare('select count(*) from later').pluck().get())).toBe(1)
    expect([runs(file), runs(backupOf(file))]).toEqual([[runId], [runId]])
    expect(version(backupOf(file))).toBe(NEWEST)
  })

  test('needs no copy when it is new', async () => {
    const options = { ...aStoreFile(), migrationsDirectory: laterMigrations() }
    expect(await openAtOnce(program, options, { times: 3 })).toEqual(Array(3).fill({ opened: LATER }))
    // Of two that close at the same moment, each may leave the journal to the other.
    const journal = ['cutter.db-shm', 'cutter.db-wal']
    const left = readdirSync(dirname(options.file)).filter((name) => !journal.includes(name))
    expect(left).toEqual(['cutter.db'])
  })

  test.each([1, 2, 3, 4, 5, 6, 12, 15])('%i keeps its runs, and they continue', async (old) => {
    const now = aStoreFile()
    const store = openRunStore(now)
    const runs = [firstStep({ run: { startKey: 'k' } }), firstStep(), firstStep()]
    for (const step of runs) await store.create(step, mine)
    let run = runs[1]!.run
    const arrival = { gateSeq: 2, gateHead: run.head, updatedAt: '2026-03-01T09:01:00.000Z' }
    for (const changes of [
      { run: { ...atGate(run), ...arrival } as Partial<Run>, effectDone: 'source_pin' },
      { event: { type: 'ASKED' }, run: { updatedAt: '2026-03-01T09:02:00.000Z' } },
      { run: { updatedAt: '2026-03-01T09:03:00.000Z' } },
    ]) {
      const step = stepAfter(run, changes)
      await store.advance(step, mine)
      run = step.run
    }
    const closing = { status: 'closed', outcome: 'succeeded', phase: null } as const
    await store.advance(stepAfter(runs[0]!.run, { run: closing, effectDone: 'source_pin' }), mine)
    const ids = runs.map(({ run: { runId } }) => runId)
    for (const signature of old < 4 ? [] : closeoutSignatures(ids[0]!))
      await store.saveCloseoutSignature(signature)
    const storedRunsOf = (one: RunStore) =>
      Promise.all(ids.map(async (id) => [await one.storedRun(id), await one.closeoutSignatures(id)]))
    const expected = await storedRunsOf(store)
    await store.close()

    const then = aStoreFile()
    openDatabase({ ...then, migrationsDirectory: migrationsUpTo(old) }).close()
    copyRows(now.file, then.file)
    const again = openRunStore(then)
    expect(await storedRunsOf(again)).toEqual(expected)
    expect((await again.runByKey('k'))?.runId).toBe(ids[0])
    const waits = await again.listWaiting({ status: 'paused', mode: run.mode, limit: 9 })
    expect(waits).toEqual([{ run, since: arrival.updatedAt }])
    await again.advance(stepAfter(run), mine)
    expect((await again.history(run.runId)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5])
    expect(version(backupOf(then.file, old))).toBe(old)
    await again.close()
  })

  test('keeps what does not hold in it as it is, and says so of its run alone', async () => {
    const then = aStoreFile()
    openDatabase({ ...then, migrationsDirectory: migrationsUpTo(12) }).close()
    const now = aStoreFile()
    const store = openRunStore(now)
    const steps = Array.from({ length: 5 }, () => firstStep())
    for (const step of steps) await store.create(step, mine)
    await store.close()
    copyRows(now.file, then.file)
    const [holds, event, hash, previous, snapshot] = steps.map(({ run: { runId } }) => runId)
    withDatabase(then.file, (db) => {
      db.pragma('ignore_check_constraints = on')
      db.exec('drop trigger history_is_not_edited')
      db.prepare("update history set event = '{' where run_id = ?").run(event)
      db.prepare("update history set hash = 'sha256:other' where run_id = ?").run(hash)
      db.prepare(
        "update history set previous_hash = 'sha256:' || upper(substr(previous_hash, 8)) where run_id = ?",
      ).run(previous)
      db.prepare("update runs set snapshot = '{}' where run_id = ?").run(snapshot)
    })
    const again = openRunStore(then)
    expect((await again.storedRun(holds!))?.run).toEqual(steps[0]!.run)
    await expect(again.storedRun(event!)).rejects.toThrow('a part of it is not valid JSON')
    await expect(again.storedRun(hash!)).rejects.toThrow('does not fit the newest entry')
    expect((await again.storedRun(previous!))?.history[0]?.previousHash).toBe(
      steps[3]!.entry.previousHash.toUpperCase().replace('SHA256', 'sha256'),
    )
    await expect(again.storedRun(snapshot!)).rejects.toThrow('its snapshot was edited')
    await again.close()
  })

  function migrationsUpTo(last: number): string {
    const folder = join(aFolder(), 'migrations')
    mkdirSync(folder)
    for (const name of readdirSync(migrationsDirectory).filter((one) => Number(one.slice(0, 4)) <= last))
      cpSync(join(migrationsDirectory, name), join(folder, name))
    return folder
  }

  /** Into the tables and columns that the older version has, in the order in which the rows were written. */
  function copyRows(from: string, to: string): void {
    withDatabase(to, (db) => {
      db.pragma('foreign_keys = off')
      db.prepare('attach ? as newer').run(from)
      const tables = db
        .prepare("select name from main.sqlite_schema where type = 'table'")
        .pluck()
        .all() as string[]
      const columnsOf = (schema: string, table: string) =>
        db
          .prepare(`select name from pragma_table_info(?, ?) order by cid`)
          .pluck()
          .all(table, schema) as string[]
      for (const table of tables) {
        const columns = columnsOf('main', table).filter((name) => columnsOf('newer', table).includes(name))
        const list = columns.map((name) => `"${name}"`).join(', ')
        if (list === '') continue
        const values = columns.map((name) => asBefore(table, name)).join(', ')
        db.exec(
          `insert or ignore into main.${table} (${list}) select ${values} from newer.${table} as row order by ${table === 'history' ? 'id' : 1}`,
        )
      }
    })
  }

  /** A column as earlier versions kept it: digests as text, each hash twice, nothing packed. */
  function asBefore(table: string, column: string): string {
    const digest = (value: string) =>
      `iif(typeof(${value}) = 'blob', 'sha256:' || lower(hex(${value})), ${value})`
    if (table === 'history' && column === 'event') return 'unpacked(event)'
    if (table === 'history' && ['snapshot_digest', 'hash'].includes(column)) return digest(`row.${column}`)
    if (table === 'history' && column === 'previous_hash')
      return digest(
        'coalesce(previous_hash, (select hash from newer.history as before where before.id = row.previous_id))',
      )
    if (table === 'runs' && column === 'snapshot') return 'coalesce(unpacked(packed_snapshot), snapshot)'
    if (table === 'closeout_signatures' && column === 'signature') return 'unpacked(signature)'
    if (table === 'closeout_signatures' && column === 'statement_text')
      return `unpacked(coalesce(statement_text, (select statement_text from newer.closeout_signatures as sealed
        where sealed.run_id = row.run_id and sealed.kind = 'instance')))`
    return `"${column}"`
  }
})

/** One by the instance, one by a person for the same statement, and one for another statement. */
function closeoutSignatures(runId: string): CloseoutSignature[] {
  const common = { runId, statementText: '{"of":"the run"}', signature: 's', at: '2026-03-01T10:00:00.000Z' }
  return [
    { ...common, kind: 'instance', signer: 'cutter-instance@here', publicKey: 'ssh-ed25519 AAAA' },
    { ...common, kind: 'countersign', signer: 'alice', publicKey: null },
    {
      ...common,
      kind: 'countersign',
      signer: 'bob',
      statementText: '{"of":"the closeout"}',
      publicKey: null,
    },
  ]
}
