import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { CutterHome } from '../support/cli.ts'
import { aSigner, enableExecution } from '../support/cli-steps.ts'
import { skipWithoutPgDump, startProduction } from '../support/shop-migration.ts'
import { startSshd } from '../support/sshd.ts'

/** Where the blocks of one page run. */
export interface Place {
  at: CutterHome
  /** Variables that the page takes for granted. */
  env: NodeJS.ProcessEnv
  /** Paths that the page shows, with the real ones. */
  paths: [string, string][]
  /** What this machine lacks for the page; null when nothing. */
  missing: string | null
  /** Called in reverse order at the end. */
  closers: (() => Promise<void>)[]
}

/** What pages take for granted, by name: `setup=shop` on a block. */
export const SETUPS: { [name: string]: (place: Place) => Promise<void> } = {
  charter,
  live,
  host,
  main,
  shop,
}

/** A short charter of three articles. */
async function charter({ at }: Place): Promise<void> {
  at.file('charter.md', CHARTER)
}

/** A home in which live runs may write for two hours: one approver, whose key lies in `alice`, and an embedded target. */
async function live(place: Place): Promise<void> {
  await charter(place)
  const { at } = place
  if (!existsSync(at.path('cutter.yaml'))) at.file('cutter.yaml', 'execution: { allowLive: true }\n')
  signer(at, 'alice')
  signer(at, 'bob')
  await at.cutter(['target', 'init', 'embedded'])
  await enableExecution(at)
}

function signer(at: CutterHome, name: string): void {
  const key = aSigner(at, `${name}@example.org`, 'cutter.*')
  renameSync(key, at.path(name))
  renameSync(`${key}.pub`, at.path(`${name}.pub`))
}

/** An empty database of a server of its own, with the URLs that a target of cuts needs. */
async function main(place: Place): Promise<void> {
  const production = await startProduction()
  place.closers.push(() => production.stop())
  const owner = new URL(production.url('shop', 'postgres'))
  const maker = await production.shop('shop')
  await maker.query("create database knowledge encoding 'UTF8' template template0")
  owner.pathname = '/knowledge'
  const url = (user: string) =>
    owner.href.replace('//postgres@', `//${user === 'postgres' ? user : `${user}:long-words-of-${user}`}@`)
  place.env.MAIN_OWNER_URL = url('postgres')
  for (const role of ['reader', 'executor', 'verifier'])
    place.env[`MAIN_${role.toUpperCase()}_URL`] = url(`cutter_${role}`)
}

/** A database `shop` of 86 units on a server of its own; its migrator's URL is in SHOP_MIGRATOR_URL. */
async function shop(place: Place): Promise<void> {
  place.missing = skipWithoutPgDump('the page on migrations')
  if (place.missing !== null) return
  const production = await startProduction()
  place.closers.push(() => production.stop())
  await production.shop('shop')
  place.env.SHOP_MIGRATOR_URL = production.migratorUrl('shop')
}

/** A host `web` with version 1 of a program in /srv/app-1, and a repository `app` here whose tag v2 is to be deployed. */
async function host(place: Place): Promise<void> {
  const { at } = place
  const sshd = await startSshd()
  place.closers.push(() => sshd.stop())
  place.env.HOME = sshd.home
  const srv = sshd.path('srv')
  place.paths.push(['/srv/app', `${srv}/app`])
  write(`${srv}/app-1/app.sh`, 'echo app 1.0\n')
  write(at.path('app/app.sh'), 'case "$1" in --version) echo app 2.0;; test) echo "12 passed";; esac\n')
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.org', ...args], {
      cwd: at.path('app'),
      stdio: 'ignore',
    })
  git('init', '--quiet')
  git('add', '--all')
  git('commit', '--quiet', '-m', 'Version 2')
  git('tag', 'v2')
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

const CHARTER = `# Charter of the Common Workshop

We who share these tools give ourselves this charter.

## Article 1

The workshop belongs to all who have signed the book.

## Article 2

Tools are lent for seven days.

## Article 3

Nobody works alone with the saw after dark.
`
