import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { connectClient, findDeadPort } from '../support/connections.ts'
import { type Cluster, startCluster } from '../support/pg-cluster.ts'

/** `target init` on a server with two databases, by an owner who is no superuser. */

const CONFIG = `targets:
  one: { readerUrlEnv: READER_URL, executorUrlEnv: EXECUTOR_URL, verifierUrlEnv: VERIFIER_URL, ownerUrlEnv: OWNER_URL }
`
let at: CutterHome
let cluster: Cluster
let superuser: pg.Client

const urlFor = (role: string, database: string) => {
  const url = new URL(cluster.url(database, role))
  url.password = 'as-good-as-any'
  return url.href
}
const urls = (database: string, owner = 'app_owner') => ({
  READER_URL: urlFor('cutter_reader', database),
  EXECUTOR_URL: urlFor('cutter_executor', database),
  VERIFIER_URL: urlFor('cutter_verifier', database),
  OWNER_URL: urlFor(owner, database),
})
const init = (env: NodeJS.ProcessEnv, ...more: string[]) =>
  at.cutter(['target', 'init', 'one', ...more], { env })

beforeAll(async () => {
  at = aCutterHome(CONFIG)
  cluster = await startCluster()
  superuser = await connectClient(cluster.url())
  await superuser.query('create role app_owner login createrole')
  await superuser.query('create role powerless login')
  for (const name of ['first', 'second']) {
    await superuser.query(`create database ${name} owner app_owner`)
    const inside = await connectClient(cluster.url(name))
    await inside.query('alter schema public owner to app_owner')
    await inside.end()
  }
})

afterAll(async () => {
  await superuser.end()
  await cluster.stop()
  await at.remove()
})

describe('target init', () => {
  test('target init --dry-run prints the SQL and the privileges that it needs, and changes nothing', async () => {
    const answer = await init(urls('first'), '--dry-run')
    expect([answer.code, answer.stderr]).toEqual([0, ''])
    for (const line of [
      /^-- target one: applies 0001_units, .*; nothing was changed$/m,
      /^-- {3}app_owner owns the database first: yes$/m,
      /^-- {3}app_owner may create and alter roles: yes$/m,
      /^create role cutter_reader login nosuperuser/m,
      /^alter role cutter_reader password '<SCRAM verifier of the password in its URL>';$/m,
      /^create table public\.information_unit/m,
      /^commit;$/m,
    ])
      expect(answer.stdout).toMatch(line)
    expect(answer.stdout).not.toContain('as-good-as-any')
    const { rows } = await superuser.query("select from pg_roles where rolname ~ '^cutter_'")
    expect(rows).toEqual([])
  })

  test('target init --dry-run names each privilege that the owner lacks, and what gives it', async () => {
    const answer = await init(urls('first', 'powerless'), '--dry-run')
    expect(answer.code).toBe(1)
    expect(answer.stdout).toContain(
      'powerless owns the database first: NO; give it with: alter database first owner to powerless',
    )
    expect(answer.stdout).toContain('NO; give it with: alter role powerless createrole')
  })

  test('target init prepares two databases of one server, for an owner who is no superuser', async () => {
    for (const name of ['first', 'second']) {
      const answer = await init(urls(name))
      expect([answer.code, answer.stderr]).toEqual([0, ''])
      expect(answer.stdout).toMatch(/^target one is ready: applied 0001_units/)
      const grants = await at.cutter(['target', 'grants', 'one', '--json'], { env: urls(name) })
      expect(jsonOf<{ grantsMatch: boolean }>(grants).grantsMatch).toBe(true)
    }
    const { rows } = await superuser.query(
      "select pg_has_role('app_owner', 'cutter_owner', 'member') as member",
    )
    expect(rows).toEqual([{ member: false }])
  })

  test('target init shows afterwards that nothing is missing', async () => {
    const answer = await init(urls('second'), '--dry-run')
    expect(answer.stdout).toContain('no migration is missing')
  })

  test.each(['READER', 'EXECUTOR', 'VERIFIER'])(
    'target init is not ready while the URL of %s cannot log in',
    async (role) => {
      const away = new URL(urls('first')[`${role}_URL` as 'READER_URL'])
      away.port = String(await findDeadPort())
      const answer = await init({ ...urls('first'), [`${role}_URL`]: away.href })
      expect(answer.code).toBe(1)
      expect(answer.stdout).toBe('')
      expect(answer.stderr).toMatch(
        new RegExp(`not ready: the ${role.toLowerCase()} can't log in with the URL of ${role}_URL`),
      )
    },
  )

  test('target init is not ready while a URL leads to another database', async () => {
    const { VERIFIER_URL } = urls('second')
    const answer = await init({ ...urls('first'), VERIFIER_URL })
    expect(answer.code).toBe(1)
    expect(answer.stderr).toContain(
      'the URL of VERIFIER_URL leads to another database than that of OWNER_URL',
    )
  })

  test.each(['READER', 'EXECUTOR', 'VERIFIER'])(
    'target init makes nothing in another database while the password in %s is wrong',
    async (role) => {
      const hba = join(cluster.folder, 'data/pg_hba.conf')
      const rules = readFileSync(hba, 'utf8')
      writeFileSync(
        hba,
        `host all cutter_reader,cutter_executor,cutter_verifier 127.0.0.1/32 scram-sha-256\n${rules}`,
      )
      const name = `third_${role.toLowerCase()}`
      await superuser.query(`create database ${name} owner app_owner`)
      const inside = await connectClient(cluster.url(name))
      await inside.query('alter schema public owner to app_owner')
      try {
        await superuser.query('select pg_reload_conf()')
        const wrong = new URL(urls(name)[`${role}_URL` as 'READER_URL'])
        wrong.password = 'another-one'
        const answer = await init({ ...urls(name), [`${role}_URL`]: wrong.href })
        expect(answer.code).toBe(1)
        expect(answer.stderr).toContain(
          `target one is not ready: the ${role.toLowerCase()} can't log in with the URL of ${role}_URL`,
        )
        expect(answer.stderr).toContain('password authentication failed')
        expect(answer.stderr).toContain('nothing was changed')
        expect(answer.stderr).not.toContain('another-one')
        const { rows } = await inside.query(
          "select nspname from pg_namespace where nspname ~ '^cutter_' union all select relname from pg_class where relname = 'information_unit'",
        )
        expect(rows).toEqual([])
        expect((await init(urls(name))).code).toBe(0)
      } finally {
        await inside.end()
        writeFileSync(hba, rules)
        await superuser.query('select pg_reload_conf()')
      }
    },
  )
})
