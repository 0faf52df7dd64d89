import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { CutterError } from '../../../src/domain/errors.ts'
import {
  type EmbeddedServer,
  openEmbedded,
  readEmbeddedStatus,
} from '../../../src/targets/embedded/open-embedded.ts'
import { withSession } from '../../../src/targets/postgres/pg-session.ts'
import { processStart, thisProcess } from '../../../src/targets/system/process-identity.ts'
import { aHome, aUser, clean, killUser, type TestHome } from './embedded-homes.ts'

const isRoot = process.getuid?.() === 0
const open: EmbeddedServer[] = []

async function opened(at: TestHome): Promise<EmbeddedServer> {
  const server = await openEmbedded(at)
  open.push(server)
  return server
}

async function pidOf(at: TestHome): Promise<number | null> {
  return (await readEmbeddedStatus(at)).pid
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await what()); tries += 1) {
    if (tries > 2_000) throw new Error('waited in vain')
    await sleep(5)
  }
}

async function ask(server: EmbeddedServer, sql: string): Promise<unknown[]> {
  const session = { applicationName: 'test' }
  return withSession(
    server.url('postgres', 'postgres'),
    session,
    async (client) => (await client.query(sql)).rows,
  )
}

afterEach(async () => {
  for (const server of open.splice(0)) await server.release()
  expect(await clean(), 'servers left running').toEqual([])
})

describe('a home without a server', () => {
  test('gets a UTF-8 cluster in UTC, durable, on the loopback alone', async () => {
    const at = aHome()
    expect(await readEmbeddedStatus(at)).toMatchObject({ initialised: false, running: false, pid: null })
    const server = await opened(at)
    const settings = await ask(
      server,
      "select current_setting('server_encoding') as encoding, datcollate as collate, " +
        "current_setting('timezone') as timezone, current_setting('fsync') as fsync, current_setting('max_connections') as connections, " +
        "current_setting('listen_addresses') as listen, current_setting('unix_socket_directories') as sockets from pg_database where datname = 'template1'",
    )
    expect(settings).toEqual([
      {
        encoding: 'UTF8',
        collate: expect.stringMatching(/^C(\.UTF-8)?$/),
        timezone: 'UTC',
        fsync: 'on',
        connections: '50',
        listen: '127.0.0.1',
        sockets: '',
      },
    ])
    expect(await readEmbeddedStatus(at)).toMatchObject({
      initialised: true,
      running: true,
      dataDirectory: server.dataDirectory,
    })
  })

  test('keeps random passwords in a file for its owner alone', async () => {
    const at = aHome()
    const server = await opened(at)
    const file = join(server.dataDirectory, '..', 'passwords.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const stored = JSON.parse(readFileSync(file, 'utf8'))
    expect(stored).toMatchObject(server.passwords)
    expect(new Set(Object.values(stored)).size).toBe(4)
    for (const password of Object.values(stored)) expect(password).toMatch(/^[\w-]{32}$/)
    expect(existsSync(join(server.dataDirectory, '..', 'secret'))).toBe(false)
  })

  test('refuses a wrong password', async () => {
    const server = await opened(aHome())
    const url = new URL(server.url('postgres', 'postgres'))
    url.password = 'wrong'
    const session = withSession(url.href, { applicationName: 'test' }, async () => 'let in')
    await expect(session).rejects.toMatchObject({ code: '28P01' })
  })

  test('is named when it can’t be written', async () => {
    const at = aHome()
    writeFileSync(join(at.home, 'var'), 'a file where the folder should be')
    const error = await openEmbedded(at).catch((refused) => refused)
    expect(error).toBeInstanceOf(CutterError)
    expect(error).toMatchObject({
      code: 'STORE_UNWRITABLE',
      message: expect.stringContaining(join(at.home, 'var')),
    })
  })
})

describe('a server that runs', () => {
  test('is adopted by a second opening, and stopped by the last release only', async () => {
    const at = aHome()
    const first = await opened(at)
    const pid = await pidOf(at)
    const second = await opened(at)
    expect(await pidOf(at)).toBe(pid)
    expect(second.url('cutter_reader', 'a/b')).toBe(first.url('cutter_reader', 'a/b'))
    await first.release()
    await first.release()
    expect(await pidOf(at)).toBe(pid)
    await second.release()
    expect(await readEmbeddedStatus(at)).toMatchObject({ initialised: true, running: false })
  })

  test('keeps its data and passwords over a stop', async () => {
    const at = aHome()
    const first = await opened(at)
    await ask(first, 'create table kept as select 42 as answer')
    await first.release()
    const second = await opened(at)
    expect(second.passwords).toEqual(first.passwords)
    expect(await ask(second, 'select answer from kept')).toEqual([{ answer: 42 }])
  })

  test('is shared by processes: one leaves and it stays, the last leaves and it stops', async () => {
    const at = aHome()
    const [one, two] = [await aUser(at), await aUser(at)]
    const [first, second] = [await one.answer(), await two.answer()]
    expect(second.pid).toBe(first.pid)
    await one.say('release')
    expect(await pidOf(at)).toBe(first.pid)
    await two.say('release')
    expect(await pidOf(at)).toBeNull()
  })

  test('is one server when four processes open at the same moment, even over the lock of a dead one', async () => {
    const at = aHome()
    const locks = join(at.home, 'var', 'locks')
    mkdirSync(locks, { recursive: true })
    const dead = { ...thisProcess(), processStart: 'long ago' }
    writeFileSync(join(locks, 'embedded.lock'), JSON.stringify(dead))
    const four = await Promise.all([aUser(at), aUser(at), aUser(at), aUser(at)])
    const answers = await Promise.all(four.map((user) => user.answer()))
    expect(answers[0]!.pid).toEqual(expect.any(Number))
    expect(new Set(answers.map((answer) => answer.pid)).size).toBe(1)
    await Promise.all(four.map((user) => user.say('release')))
    expect(await pidOf(at)).toBeNull()
    expect(readdirSync(locks)).toEqual([])
  })

  test('outlives a user killed with SIGKILL, who no longer counts', async () => {
    const at = aHome()
    const user = await aUser(at)
    const { pid } = await user.answer()
    await killUser(user)
    expect(await pidOf(at)).toBe(pid)
    const server = await opened(at)
    expect(await pidOf(at)).toBe(pid)
    await server.release()
    expect(await pidOf(at)).toBeNull()
  })

  test('is not reached by Ctrl-C in its user’s terminal', async () => {
    const at = aHome()
    const user = await aUser(at, { detached: true })
    const { pid } = await user.answer()
    process.kill(-user.process.pid!, 'SIGINT')
    await user.ended
    const server = await opened(at)
    expect(await pidOf(at)).toBe(pid)
    expect(await ask(server, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('is stopped when its last user exits without a release', async () => {
    const at = aHome()
    const user = await aUser(at)
    const { pid } = await user.answer()
    await user.say('exit')
    await user.ended
    await until(() => processStart(pid as number) === null)
    expect(await pidOf(at)).toBeNull()
  })

  test('that is on its way down is waited for and started anew', async () => {
    const at = aHome()
    const user = await aUser(at)
    const { pid } = await user.answer()
    await user.say('exit')
    await user.ended
    const server = await opened(at)
    expect(await pidOf(at)).not.toBe(pid)
    expect(await ask(server, 'select 1 as one')).toEqual([{ one: 1 }])
  })
})

describe('after a crash', () => {
  test('a cluster cut short in the making is made anew, and nothing of it stays', async () => {
    const at = aHome()
    const user = await aUser(at)
    const folder = join(at.home, 'var', 'embedded')
    await until(
      () => existsSync(folder) && readdirSync(folder).some((name) => isInTheMaking(join(folder, name))),
    )
    await killUser(user)
    expect(await readEmbeddedStatus(at)).toMatchObject({ initialised: false })
    const server = await opened(at)
    expect(await ask(server, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(readdirSync(folder).filter((name) => name.startsWith('new-'))).toEqual([])
  })

  test('a server killed with SIGKILL is started again, with what was committed', async () => {
    const at = aHome()
    const server = await opened(at)
    await ask(server, 'create table kept as select 42 as answer')
    const pid = (await pidOf(at))!
    process.kill(pid, 'SIGKILL')
    await until(() => processStart(pid) === null)
    expect(existsSync(join(server.dataDirectory, 'postmaster.pid'))).toBe(true)
    expect(await readEmbeddedStatus(at)).toMatchObject({ running: false, pid: null })
    const again = await opened(at)
    expect(await ask(again, 'select answer from kept')).toEqual([{ answer: 42 }])
  })

  test('a postmaster.pid whose number now belongs to another process is cleared', async () => {
    const at = aHome()
    const server = await opened(at)
    const file = join(server.dataDirectory, 'postmaster.pid')
    const lines = readFileSync(file, 'utf8').split('\n')
    await server.release()
    // A process of the same user: the one for which PostgreSQL itself would refuse to start.
    const other = spawn('sleep', ['60'], ownerOf(server.dataDirectory))
    writeFileSync(file, [other.pid, ...lines.slice(1)].join('\n'), { mode: 0o600 })
    expect(await readEmbeddedStatus(at)).toMatchObject({ running: false })
    await opened(at).finally(() => other.kill())
    expect(await pidOf(at)).not.toBe(other.pid)
  })
})

/** initdb has begun to write. */
function isInTheMaking(folder: string): boolean {
  return folder.includes('new-') && existsSync(join(folder, 'data', 'global'))
}

function ownerOf(path: string): { uid?: number; gid?: number } {
  const { uid, gid } = statSync(path)
  return isRoot ? { uid, gid } : {}
}

describe('whoever runs it', () => {
  test.each([
    ['unset', {}],
    ['a locale that does not exist', { LANG: 'xx_YY.UTF-8', LC_ALL: 'xx_YY.UTF-8' }],
    [
      'PG variables of another server',
      { PGDATA: '/nowhere', PGPORT: '1', PGHOST: '/nowhere', PGOPTIONS: '-c timezone=Asia/Tokyo' },
    ],
  ])('works with an environment that holds %s', async (_, environment) => {
    const at = aHome()
    const user = await aUser(at, { environment: { PATH: process.env.PATH, ...environment } })
    expect(await user.answer()).toMatchObject({ pid: expect.any(Number) })
    await user.say('release')
  })

  test.skipIf(!isRoot)(
    'root gets a server under a user without rights, in the home (needs root)',
    async () => {
      const at = aHome()
      const server = await opened(at)
      expect(server.dataDirectory).toBe(join(at.home, 'var', 'embedded', 'cluster', 'data'))
      expect(statSync(`/proc/${await pidOf(at)}`).uid).not.toBe(0)
      expect(statSync(server.dataDirectory).mode & 0o777).toBe(0o700)
    },
  )

  test.skipIf(!isRoot)(
    'root with a home of mode 700 gets data and binaries in the state directory (needs root)',
    async () => {
      const at = aHome(0o700)
      const server = await opened(at)
      expect(server.dataDirectory).toMatch(/\/state\/[0-9a-f]{16}\/cluster\/data$/)
      const place = join(server.dataDirectory, '..', '..')
      expect(readdirSync(place).filter((name) => name.startsWith('binaries-'))).toHaveLength(1)
      expect(readFileSync(`/proc/${await pidOf(at)}/cmdline`, 'utf8')).toContain(join(place, 'binaries-'))
      expect(await ask(server, 'select 1 as one')).toEqual([{ one: 1 }])
      await server.release()
      const again = await opened(at)
      expect(again.dataDirectory).toBe(server.dataDirectory)
    },
  )

  test.skipIf(!isRoot)(
    'an ordinary user gets a server of their own, which root may use too (needs root)',
    async () => {
      const nobody = { uid: 65534, gid: 65534 }
      const at = aHome(0o777)
      const user = await aUser(at, nobody)
      const { pid, dataDirectory } = await user.answer()
      expect(statSync(`/proc/${pid}`).uid).toBe(nobody.uid)
      expect(statSync(dataDirectory as string).uid).toBe(nobody.uid)
      await user.say('release')
      await opened(at)
      expect(statSync(`/proc/${await pidOf(at)}`).uid).toBe(nobody.uid)
    },
  )

  test.skipIf(!isRoot)('a user who may not read root’s server is told whose it is (needs root)', async () => {
    const at = aHome()
    await (await opened(at)).release()
    const user = await aUser(at, { uid: 65534, gid: 65534 })
    expect(await user.answer()).toMatchObject({ code: 'STORE_UNWRITABLE' })
  })
})

if (!isRoot) console.log('skipped: tests of root’s server, since this run is not root’s')
