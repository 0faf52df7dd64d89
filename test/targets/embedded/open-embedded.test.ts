import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { CutterError } from '../../../src/domain/errors.ts'
import { openEmbedded, readEmbeddedStatus } from '../../../src/targets/embedded/open-embedded.ts'
import { withSession } from '../../../src/targets/postgres/pg-session.ts'
import { aHome, openServer, query, releaseAll } from './embedded-homes.ts'

afterEach(releaseAll)

describe('openEmbedded in a new home', () => {
  test('openEmbedded creates a durable UTF-8 cluster in UTC that listens on the loopback only', async () => {
    const at = aHome()
    expect(await readEmbeddedStatus(at)).toMatchObject({ initialised: false, running: false, pid: null })
    const server = await openServer(at)
    const settings = await query(
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

  test('openEmbedded keeps random passwords in a file that only its owner can read', async () => {
    const at = aHome()
    const server = await openServer(at)
    const file = join(server.dataDirectory, '..', 'passwords.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const stored = JSON.parse(readFileSync(file, 'utf8'))
    expect(stored).toMatchObject(server.passwords)
    expect(new Set(Object.values(stored)).size).toBe(4)
    for (const password of Object.values(stored)) expect(password).toMatch(/^[\w-]{32}$/)
    expect(existsSync(join(server.dataDirectory, '..', 'secret'))).toBe(false)
  })

  test('the embedded server refuses a wrong password', async () => {
    const server = await openServer(aHome())
    const url = new URL(server.url('postgres', 'postgres'))
    url.password = 'wrong'
    const session = withSession(url.href, { applicationName: 'test' }, async () => 'accepted')
    await expect(session).rejects.toMatchObject({ code: '28P01' })
  })

  test('openEmbedded names a home that can’t be written', async () => {
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
