import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf } from '../support/cli.ts'
import { type ServingProgram, serve } from '../support/serving-program.ts'
import { writeMigrationBundle } from '../support/shop-migration.ts'

/** Migration bundles and git bundles of a caller’s own computer, as the command line sends them to a service. */

let at: CutterHome
let service: ServingProgram
let elsewhere: string
let operator: { cwd: string; env: NodeJS.ProcessEnv }
const mine = (name: string) => join(elsewhere, name)
const uploads = () => at.path('var/uploads')
const uploaded = (prefix: string) => readdirSync(uploads()).filter((name) => name.startsWith(prefix))

beforeAll(async () => {
  at = aCutterHome('hosts: { web1: { ssh: nowhere.invalid } }\n')
  elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-sources-')))
  service = await serve(at)
  const made = await at.cutter(['token', 'create', '--role', 'operator', '--name', 'deploybot', '--json'])
  const { token } = jsonOf<{ token: string }>(made)
  operator = { cwd: elsewhere, env: { CUTTER_URL: service.url, CUTTER_TOKEN: token, HOME: elsewhere } }
}, 60_000)
afterAll(async () => {
  await service.end('SIGTERM')
  rmSync(elsewhere, { recursive: true })
  await at.remove()
})

describe('the folder of a migration bundle', () => {
  let files: { [name: string]: string }
  const filesOf = (folder: string) =>
    Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
  const start = (bundle: string) =>
    at.cutter(['run', 'start', 'migrate', '--bundle', bundle, '--target', 'none', '--json'], operator)
  const codeOf = async (bundle: string) => jsonOf<{ error: ErrorJson }>(await start(bundle)).error.code

  beforeAll(() => {
    cpSync(writeMigrationBundle(at), mine('units-review'), { recursive: true })
    files = filesOf(mine('units-review'))
    mkdirSync(mine('units-review/more'))
    writeFileSync(mine('units-review/notes.txt'), 'for people\n')
    writeFileSync(mine('units-review/id_ed25519'), 'a key\n')
    writeFileSync(mine('units-review/more/other.sql'), 'select 3;\n')
    symlinkSync(mine('units-review'), mine('linked'))
  })

  test.each(['units-review', './units-review/', '../sources/units-review'])(
    'travels with its SQL and YAML files, and with nothing else: %s',
    async (given) => {
      const bundle = given.replace('sources', basename(elsewhere))
      // The bundle was taken, so the next fault is found.
      expect(await codeOf(bundle)).toBe('TARGET_NOT_FOUND')
      const [folder, ...others] = uploaded('bundle-')
      expect(others).toEqual([])
      expect(readdirSync(join(uploads(), folder!))).toEqual(['units-review'])
      expect(filesOf(join(uploads(), folder!, 'units-review'))).toEqual(files)
    },
    60_000,
  )

  test('is another bundle under another name, and after a change', async () => {
    const before = uploaded('bundle-')
    expect(await codeOf('linked')).toBe('TARGET_NOT_FOUND')
    appendFileSync(mine('units-review/bundle.yaml'), '\n')
    expect(await codeOf('units-review')).toBe('TARGET_NOT_FOUND')
    expect(uploaded('bundle-')).toHaveLength(before.length + 2)
    expect(uploaded('bundle-')).toEqual(expect.arrayContaining(before))
  }, 60_000)

  test.each(['missing', 'units-review/notes.txt', 'units-review/bundle.yaml'])(
    'is refused where it is no folder: %s',
    async (given) => expect(await codeOf(given)).toBe('INPUT_REFUSED'),
    60_000,
  )
})

describe('a git bundle', () => {
  let commit: string
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
      cwd: mine('repository'),
      env: { PATH: process.env.PATH, HOME: elsewhere, GIT_CONFIG_NOSYSTEM: '1' },
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8',
    }).trim()
  beforeAll(() => {
    mkdirSync(mine('repository'))
    git('init', '-q', '-b', 'main')
    writeFileSync(mine('repository/app.js'), 'console.log(1)\n')
    git('add', '.')
    git('commit', '-q', '-m', 'One')
    commit = git('rev-parse', 'HEAD')
    git('bundle', 'create', mine('app.bundle'), 'main')
  })
  const deploy = (source: string, more: object, ...words: string[]) =>
    at.cutter(
      [
        ...['run', 'start', 'deploy', '--source', source, '--commit', 'main'],
        ...['--host', 'web1', '--path', '/srv/app', '--json', ...words],
      ],
      { cwd: elsewhere, ...more },
    )

  test.each([
    ['a caller with a token', () => operator, []],
    ['the owner of the home, through the socket', () => ({}), ['--home', 'HOME']],
  ])(
    'of %s becomes a repository of the service, and the run starts from it',
    async (_, who, words) => {
      const answer = await deploy('app.bundle', who(), ...words.map((word) => word.replace('HOME', at.home)))
      // The host does not exist: the run stops there, and not before.
      expect(jsonOf(answer)).toMatchObject({ machine: 'deploy', status: 'stopped' })
      const [repository, ...others] = uploaded('repo-')
      expect(others).toEqual([])
      const path = join(uploads(), repository!)
      expect(execFileSync('git', ['-C', path, 'rev-parse', 'main'], { encoding: 'utf8' }).trim()).toBe(commit)
    },
    120_000,
  )

  test('is refused where the repository itself is named, which nobody sends', async () => {
    const answer = await deploy('repository', operator)
    expect(jsonOf<{ error: ErrorJson }>(answer).error.code).toBe('INPUT_REFUSED')
  }, 60_000)
})
