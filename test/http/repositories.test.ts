import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { configSchema } from '../../src/config/config-schema.ts'
import { resolveSource } from '../../src/effects/deploy/resolve-source.ts'
import { admitPaths } from '../../src/service/access/input-files.ts'
import { openTools } from '../../src/tools/open-tools.ts'
import { aService, type HttpService } from '../support/http-service.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

/** Deploys from repositories that cutter.yaml names by a URL. The server is OpenSSH’s, with a repository of git. */

let sshd: Sshd
let at: HttpService
let operator: string
const inServer = (name: string) => join(sshd.home, name)
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
    cwd: inServer('app'),
    env: { PATH: process.env.PATH, HOME: sshd.home, GIT_CONFIG_NOSYSTEM: '1' },
    stdio: ['pipe', 'pipe', 'ignore'],
    encoding: 'utf8',
  }).trim()

function committed(text: string): string {
  writeFileSync(inServer('app/app.js'), text)
  git('add', '.')
  git('commit', '-q', '-m', text)
  return git('rev-parse', 'HEAD')
}

beforeAll(async () => {
  sshd = await startSshd()
  mkdirSync(inServer('app'))
  git('init', '-q', '-b', 'main')
  const options = `-F '${inServer('.ssh/config')}' -i '${inServer('.ssh/id_test')}' -o UserKnownHostsFile='${inServer('.ssh/known_hosts')}'`
  writeFileSync(inServer('its-ssh'), `#!/bin/sh\nexec ssh ${options} "$@"\n`)
  chmodSync(inServer('its-ssh'), 0o755)
  at = await aService(`tools: { ssh: ${inServer('its-ssh')} }
hosts: { web1: { ssh: web1 } }
repositories:
  app: { url: 'ssh://web${inServer('app')}' }
  gone: { url: 'ssh://web${inServer('gone')}' }
`)
  operator = await at.token({ name: 'deploybot', role: 'operator' })
}, 60_000)
afterAll(async () => {
  await at.remove()
  await sshd.stop()
})

async function admitted(source: string, isConfined = true): Promise<string> {
  const { folder, config, cwd, interrupt } = at.home
  const home = { folder, config, cwd, interrupt, isConfined, sent: null }
  const settled = await admitPaths(home, 'deploy', { source, commit: 'main', host: 'web1' })
  return settled.source as string
}
const resolved = (source: string, commit = 'main') =>
  resolveSource({ source, commit }, openTools({}), new AbortController().signal)

test.each([
  ['a caller of the service', true],
  ['whoever runs Cutter', false],
])(
  '%s deploys what a repository has at the start of the run',
  async (name, isConfined) => {
    const first = committed(`first of ${name}`)
    const source = await admitted('app', isConfined)
    expect(await resolved(source)).toMatchObject({ commit: first, dirty: 0, shallow: false })
    const second = committed(`second of ${name}`)
    expect((await resolved(source)).commit).toBe(first)
    expect(await admitted('app', isConfined)).toBe(source)
    expect((await resolved(source)).commit).toBe(second)
  },
  60_000,
)

test('what a run has pinned stays when the branch is rewritten or removed there', async () => {
  const kept = committed('kept')
  git('branch', 'passing')
  const source = await admitted('app')
  git('branch', '-D', 'passing')
  git('reset', '-q', '--hard', 'HEAD~1')
  await admitted('app')
  expect((await resolved(source, kept)).commit).toBe(kept)
  await expect(resolved(source, 'passing')).rejects.toThrow('the commit passing is not in')
}, 60_000)

test('several starts at once fetch one after another', async () => {
  committed('at once')
  const sources = await Promise.all([1, 2, 3].map(() => admitted('app')))
  expect(new Set(sources).size).toBe(1)
}, 60_000)

test('the repository has no hooks, and its config is Cutter’s', async () => {
  git('config', 'core.fsmonitor', `touch ${inServer('watched')}`)
  writeFileSync(inServer('app/.git/hooks/post-checkout'), `#!/bin/sh\ntouch ${inServer('hooked')}\n`, {
    mode: 0o755,
  })
  const source = await admitted('app')
  await resolved(source)
  expect(existsSync(join(source, 'hooks'))).toBe(false)
  const config = execFileSync('git', ['config', '--file', join(source, 'config'), '--name-only', '--list'])
  expect(
    config
      .toString()
      .trim()
      .split('\n')
      .map((key) => key.split('.')[0]),
  ).toEqual(['core', 'core'])
  for (const trace of ['watched', 'hooked']) expect(existsSync(inServer(trace))).toBe(false)
}, 60_000)

test('a start from a repository that can’t be fetched is refused with the words of git, and starts nothing', async () => {
  const input = { source: 'gone', commit: 'main', host: 'web1', path: '/srv/app' }
  const { status, json } = await at.post('/api/v1/runs', operator, { machine: 'deploy', input })
  expect([status, json.code]).toEqual([422, 'INPUT_REFUSED'])
  expect(json.detail).toMatch(
    /the repository gone of cutter.yaml can’t be fetched from ssh:\/\/web.*does not appear to be a git repository/,
  )
  expect((await at.get('/api/v1/runs', operator)).json).toEqual([])
}, 60_000)

test('a repository with a path that leads out is refused', async () => {
  const blob = git('hash-object', '-w', 'app.js')
  const tree = execFileSync('git', ['hash-object', '-t', 'tree', '-w', '--stdin', '--literally'], {
    cwd: inServer('app'),
    input: Buffer.concat([Buffer.from('100644 ..\0', 'latin1'), Buffer.from(blob, 'hex')]),
    encoding: 'utf8',
  }).trim()
  git('update-ref', 'refs/heads/odd', git('commit-tree', '-m', 'odd', tree))
  await expect(admitted('app')).rejects.toThrow(/hasDotdot/i)
  git('update-ref', '-d', 'refs/heads/odd')
  await admitted('app')
}, 60_000)

test.each(['https://git.example.org/app.git', `ssh://web/srv/app`, 'git@git.example.org:group/app.git'])(
  'cutter.yaml takes the URL %s',
  (url) => {
    expect(configSchema.safeParse({ repositories: { app: { url } } }).success).toBe(true)
  },
)

test.each([
  'http://git.example.org/app.git',
  'git://git.example.org/app.git',
  'file:///srv/app',
  '/srv/app',
  '../app',
  'ext::sh -c id',
  'fd::17',
  '-oProxyCommand=id@host:app',
  'ssh://-oProxyCommand=id/app',
  'git@-oProxyCommand=id:app',
  'https://user:secret@git.example.org/app.git',
  'https://token@git.example.org/app.git',
  'ssh://git:secret@git.example.org/app.git',
  'https://git.example.org/app.git\n',
  'https://git.example.org/a b',
  'https://git.example.org/app.git?token=1',
])('cutter.yaml refuses the URL %j', (url) => {
  expect(configSchema.safeParse({ repositories: { app: { url } } }).success).toBe(false)
})

test.each(['../app', 'a/b', '-app', 'App', ''])('cutter.yaml refuses the name %j of a repository', (name) => {
  const repositories = { [name]: { url: 'https://git.example.org/app.git' } }
  expect(configSchema.safeParse({ repositories }).success).toBe(false)
})

test('a caller names no URL of its own', async () => {
  for (const source of ['ssh://web/srv/app', 'https://git.example.org/app.git', 'constructor'])
    await expect(admitted(source)).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
  const folder = join(at.home.folder, 'var/repositories')
  const names = readdirSync(folder).filter((name) => name.endsWith('.git'))
  expect(names.every((name) => /^(app|gone)-[0-9a-f]{12}\.git$/.test(name))).toBe(true)
  rmSync(folder, { recursive: true, force: true })
})
