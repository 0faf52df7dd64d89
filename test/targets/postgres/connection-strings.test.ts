import { execFileSync } from 'node:child_process'
import { appendFileSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  readConnectionString,
  writeConnectionString,
} from '../../../src/targets/postgres/connection-string.ts'
import { withSession } from '../../../src/targets/postgres/pg-session.ts'
import { splitConnectionString } from '../../../src/targets/postgres/pg-tools.ts'
import { urlOfRole } from '../../../src/targets/postgres/role-login.ts'
import { connectClient } from '../../support/connections.ts'
import { type Cluster, freePort, startCluster } from '../../support/pg-cluster.ts'
import { skipWithoutPgDump } from '../../support/shop-migration.ts'

/** Each form of a connection string leads the driver and pg_dump to the same session of a real server. */

const withoutPgDump = skipWithoutPgDump('connection strings as pg_dump reads them')

/** A password with everything that some syntax gives a meaning. */
const PASSWORD = `a@b/c?d#e:f%41g'h\\i "j"&k=l é+m [n],o`

let cluster: Cluster
let certificates: string
let dead: number

beforeAll(async () => {
  cluster = await startCluster()
  dead = await freePort()
  certificates = mkdtempSync(join(tmpdir(), 'cutter-certificates-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: certificates, stdio: 'ignore' })
  for (const name of ['ca', 'other'])
    openssl(
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`],
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
    )
  openssl(
    ...['req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost'],
    '-addext',
    'subjectAltName=DNS:localhost',
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
  )
  openssl(
    ...[
      'x509',
      '-req',
      '-in',
      'server.csr',
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-copy_extensions',
      'copy',
      '-out',
      'server.crt',
    ],
  )
  const data = join(cluster.folder, 'data')
  for (const file of ['server.key', 'server.crt']) {
    execFileSync('cp', [join(certificates, file), data])
    if (cluster.uid !== undefined) chownSync(join(data, file), cluster.uid, 0)
    execFileSync('chmod', ['600', join(data, file)])
  }
  const client = await connectClient(cluster.url())
  await client.query(`alter system set ssl = on`)
  await client.query(`create role known login password ${client.escapeLiteral(PASSWORD)}`)
  await client.query(`create role encrypted login; create role plain login`)
  await client.query(`create database "a b/c"`)
  // The first line that fits decides.
  const rules = [
    'all known all scram-sha-256',
    'hostnossl all encrypted all reject',
    'hostssl all plain all reject',
  ]
  const path = join(data, 'pg_hba.conf')
  const before = execFileSync('cat', [path])
  execFileSync('truncate', ['-s', '0', path])
  appendFileSync(path, `local all known scram-sha-256\nhost ${rules[0]}\n${rules[1]}\n${rules[2]}\n`)
  appendFileSync(path, before)
  await client.query('select pg_reload_conf()')
  await client.end()
  const isRefused = () =>
    expect(sessionOf(`${cluster.url('postgres', 'encrypted')}?sslmode=disable`)).rejects.toThrow()
  await vi.waitFor(isRefused, { timeout: 30_000, interval: 200 })
}, 120_000)

afterAll(async () => {
  await cluster.stop()
  rmSync(certificates, { recursive: true, force: true })
}, 120_000)

interface Found {
  role: string
  database: string
  encrypted: boolean
  socket: boolean
  path: string
}

/** The session to which a connection string leads. */
async function sessionOf(text: string): Promise<Found> {
  const { rows } = await withSession(text, { applicationName: 'cutter run-1' }, async (client) => {
    // Cutter's own path comes first.
    await client.query('set search_path to default')
    return client.query<Found>(
      `select current_user as role, current_database() as database, current_setting('search_path') as path,
         (select ssl from pg_stat_ssl where pid = pg_backend_pid()) as encrypted, inet_server_addr() is null as socket`,
    )
  })
  return rows[0]!
}

/** Runs pg_dump at the same connection string. */
function dump(text: string): void {
  const { address, password } = splitConnectionString(text, { applicationName: 'cutter run-1' })
  execFileSync('pg_dump', ['--schema-only', '--no-password', `--dbname=${address}`], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...(password === undefined ? {} : { PGPASSWORD: password }),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}

const encoded = encodeURIComponent(PASSWORD)
const quoted = `'${PASSWORD.replace(/[\\']/g, '\\$&')}'`

interface Places {
  port: number
  folder: string
  dead: number
  ca: string
}

/** A connection string, and the session to which it leads. */
const STRINGS: [name: string, text: (at: Places) => string, found: Partial<Found>][] = [
  [
    'a URL',
    ({ port }) => `postgresql://postgres@127.0.0.1:${port}/postgres`,
    { encrypted: true, socket: false },
  ],
  [
    'a URL with an encoded database',
    ({ port }) => `postgres://postgres@localhost:${port}/a%20b%2Fc`,
    { database: 'a b/c' },
  ],
  [
    'keywords',
    ({ port }) => `host=127.0.0.1 port = ${port} user=postgres dbname='a b/c'`,
    { database: 'a b/c' },
  ],
  [
    'the folder of a socket as a parameter',
    ({ port, folder }) => `postgresql://postgres@/postgres?host=${folder}&port=${port}`,
    { socket: true, encrypted: false },
  ],
  [
    'the folder of a socket as an encoded host',
    ({ port, folder }) => `postgresql://postgres@${encodeURIComponent(folder)}:${port}/postgres`,
    { socket: true },
  ],
  [
    'the folder of a socket among keywords',
    ({ port, folder }) => `host=${folder} port=${port} user=postgres dbname=postgres`,
    { socket: true },
  ],
  [
    'the folder of a socket with sslmode',
    ({ port, folder }) => `postgresql://postgres@/postgres?host=${folder}&port=${port}&sslmode=require`,
    { socket: true, encrypted: false },
  ],
  [
    'several hosts, of which the first does not answer',
    ({ port, dead }) => `postgresql://postgres@127.0.0.1:${dead},127.0.0.1:${port}/postgres`,
    { role: 'postgres' },
  ],
  [
    'several hosts among keywords',
    ({ port, dead }) => `host=127.0.0.1,localhost port=${dead},${port} user=postgres dbname=postgres`,
    { role: 'postgres' },
  ],
  [
    'several hosts, of which one must be writable',
    ({ port, dead }) =>
      `postgresql://postgres@localhost:${dead},localhost:${port}/postgres?target_session_attrs=read-write`,
    { role: 'postgres' },
  ],
  [
    'a preferred standby where there is none',
    ({ port }) => `postgresql://postgres@localhost:${port}/postgres?target_session_attrs=prefer-standby`,
    { role: 'postgres' },
  ],
  [
    'options',
    ({ port }) =>
      `postgresql://postgres@localhost:${port}/postgres?options=-c%20search_path%3Dapp%2C${'other'}`,
    { path: 'app,other' },
  ],
  [
    'options among keywords',
    ({ port }) => `host=localhost port=${port} user=postgres dbname=postgres options='-c search_path=app'`,
    { path: 'app' },
  ],
  [
    'an encoded password',
    ({ port }) => `postgresql://known:${encoded}@localhost:${port}/postgres`,
    { role: 'known' },
  ],
  [
    'a password as a parameter',
    ({ port }) => `postgresql://localhost:${port}/postgres?user=known&password=${encoded}`,
    { role: 'known' },
  ],
  [
    'a password among keywords',
    ({ port }) => `host=localhost port=${port} user=known dbname=postgres password=${quoted}`,
    { role: 'known' },
  ],
  [
    'a password at a socket',
    ({ port, folder }) => `postgresql://known:${encoded}@/postgres?host=${folder}&port=${port}`,
    { role: 'known' },
  ],
  [
    'sslmode=disable',
    ({ port }) => `postgresql://postgres@localhost:${port}/postgres?sslmode=disable`,
    { encrypted: false },
  ],
  [
    'sslmode=allow',
    ({ port }) => `postgresql://postgres@localhost:${port}/postgres?sslmode=allow`,
    { encrypted: false },
  ],
  [
    'sslmode=allow, where the server wants encryption',
    ({ port }) => `postgresql://encrypted@localhost:${port}/postgres?sslmode=allow`,
    { encrypted: true },
  ],
  [
    'sslmode=prefer',
    ({ port }) => `postgresql://postgres@localhost:${port}/postgres?sslmode=prefer`,
    { encrypted: true },
  ],
  [
    'sslmode=prefer, where the server refuses encryption',
    ({ port }) => `postgresql://plain@localhost:${port}/postgres?sslmode=prefer`,
    { encrypted: false },
  ],
  [
    'sslmode=require without an authority',
    ({ port }) => `postgresql://postgres@127.0.0.1:${port}/postgres?sslmode=require`,
    { encrypted: true },
  ],
  [
    'sslmode=require with the authority',
    ({ port, ca }) => `postgresql://postgres@127.0.0.1:${port}/postgres?sslmode=require&sslrootcert=${ca}`,
    { encrypted: true },
  ],
  [
    'sslmode=verify-ca by another name',
    ({ port, ca }) => `postgresql://postgres@127.0.0.1:${port}/postgres?sslmode=verify-ca&sslrootcert=${ca}`,
    { encrypted: true },
  ],
  [
    'sslmode=verify-full',
    ({ port, ca }) =>
      `postgresql://postgres@localhost:${port}/postgres?sslmode=verify-full&sslrootcert=${ca}`,
    { encrypted: true },
  ],
]

describe.each(STRINGS)('%s', (_, text, found) => {
  const read = () =>
    text({ port: cluster.port, folder: cluster.folder, dead, ca: join(certificates, 'ca.crt') })

  test('leads the driver to the session', async () => {
    expect(await sessionOf(read())).toMatchObject(found)
  })

  test.skipIf(withoutPgDump !== null)('leads pg_dump to the server', () => {
    expect(() => dump(read())).not.toThrow()
  })

  test('is the same after it was written as a URL', async () => {
    expect(await sessionOf(writeConnectionString(readConnectionString(read())))).toMatchObject(found)
  })

  test('leads another role to the same server', async () => {
    const client = await connectClient(cluster.url())
    const url = urlOfRole(read(), 'other', 'postgres')
    const { password } = readConnectionString(url)
    await client.query(`drop role if exists other; create role other login password '${password}'`)
    await client.end()
    expect(await sessionOf(url)).toMatchObject({ role: 'other', database: 'postgres' })
  })
})

/** A connection string that leads to no session, and a part of the reason. */
const REFUSED: [name: string, text: (at: Places & { other: string }) => string, reason: RegExp][] = [
  [
    'sslmode=verify-full by another name',
    ({ port, ca }) =>
      `postgresql://postgres@127.0.0.1:${port}/postgres?sslmode=verify-full&sslrootcert=${ca}`,
    /altnames|IP/,
  ],
  [
    'sslmode=verify-ca with another authority',
    ({ port, other }) =>
      `postgresql://postgres@localhost:${port}/postgres?sslmode=verify-ca&sslrootcert=${other}`,
    /certificate/,
  ],
  [
    'sslmode=require with another authority',
    ({ port, other }) =>
      `postgresql://postgres@localhost:${port}/postgres?sslmode=require&sslrootcert=${other}`,
    /certificate/,
  ],
  [
    'sslmode=disable, where the server wants encryption',
    ({ port }) => `postgresql://encrypted@localhost:${port}/postgres?sslmode=disable`,
    /no encryption|rejects/,
  ],
  [
    'channel_binding=require without encryption',
    ({ port }) =>
      `postgresql://known:${encoded}@localhost:${port}/postgres?channel_binding=require&sslmode=disable`,
    /channel_binding=require/,
  ],
  [
    'channel_binding=require, where the server asks for no password',
    ({ port }) => `postgresql://postgres@localhost:${port}/postgres?channel_binding=require`,
    /channel_binding=require/,
  ],
  [
    'gssencmode=require',
    ({ port }) => `postgresql://postgres@localhost:${port}/postgres?gssencmode=require`,
    /gssencmode=require/,
  ],
  [
    'a channel_binding that libpq does not know',
    ({ port }) => `postgresql://postgres@localhost:${port}/postgres?channel_binding=always`,
    /channel_binding that libpq does not know/,
  ],
  [
    'a standby where there is none',
    ({ port }) => `postgresql://postgres@localhost:${port}/postgres?target_session_attrs=standby`,
    /target_session_attrs=standby/,
  ],
  [
    'a wrong password at the first of two hosts',
    ({ port }) => `postgresql://known:wrong@localhost:${port},localhost:${port}/postgres`,
    /password authentication failed/,
  ],
]

test('channel_binding=require leads to a session whose login is bound to the channel', async () => {
  const text = `postgresql://known:${encoded}@localhost:${cluster.port}/postgres?channel_binding=require&gssencmode=prefer`
  expect(await sessionOf(text)).toMatchObject({ role: 'known', encrypted: true })
})

test.each(REFUSED)('%s leads to no session', async (_, text, reason) => {
  const given = text({
    ...{ port: cluster.port, folder: cluster.folder, dead },
    ...{ ca: join(certificates, 'ca.crt'), other: join(certificates, 'other.crt') },
  })
  await expect(sessionOf(given)).rejects.toThrow(reason)
})

test('the server ends a session of Cutter whose client is gone', async () => {
  const names = [
    'tcp_user_timeout',
    'tcp_keepalives_idle',
    'client_connection_check_interval',
    'application_name',
  ]
  const { rows } = await withSession(cluster.url(), { applicationName: 'cutter run-1' }, (client) =>
    client.query('select current_setting(name) as value from unnest($1::text[]) name', [names]),
  )
  expect(rows.map(({ value }) => value)).toEqual(['60000', '20', '10s', 'cutter run-1'])
})
