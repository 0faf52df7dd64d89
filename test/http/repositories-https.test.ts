import { execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { resolveSource } from '../../src/effects/deploy/resolve-source.ts'
import { admitPaths } from '../../src/service/access/input-files.ts'
import { openTools } from '../../src/tools/open-tools.ts'
import { aService, type HttpService } from '../support/http-service.ts'

/**
 * Deploys from repositories that cutter.yaml names by a URL of https. The server is git’s own (git http-backend) behind TLS, with a certificate
 * that openssl made; /plain has the files of a repository as a server without git gives them.
 */

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-https-')))
const inFolder = (name: string) => join(folder, name)
const ENV = { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1' }
const git = (cwd: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
    cwd: inFolder(cwd),
    env: ENV,
    stdio: ['ignore', 'pipe', 'ignore'],
    encoding: 'utf8',
  }).trim()

let server: Server
let at: HttpService
let operator: string
let commit: string
/** The paths that were asked for. */
let asked: string[] = []

beforeAll(async () => {
  mkdirSync(inFolder('repos'))
  mkdirSync(inFolder('work'))
  git('work', 'init', '-q', '-b', 'main')
  writeFileSync(inFolder('work/app.js'), 'first\n')
  git('work', 'add', '.')
  git('work', 'commit', '-q', '-m', 'first')
  commit = git('work', 'rev-parse', 'HEAD')
  git('repos', 'clone', '-q', '--bare', inFolder('work'), 'app.git')
  git('repos', 'clone', '-q', '--bare', inFolder('work'), 'odd.git')
  makeOdd()

  const files = ['-keyout', inFolder('key.pem'), '-out', inFolder('cert.pem')]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  execFileSync('openssl', ['req', ...kind, ...files, ...subject], { stdio: 'ignore' })
  // The owner of a home vouches for the certificate: git reads no setting but Cutter’s.
  const its = `#!/bin/sh\nexec git -c http.sslCAInfo='${inFolder('cert.pem')}' "$@"\n`
  writeFileSync(inFolder('its-git'), its, { mode: 0o755 })
  const tls = { key: readFileSync(inFolder('key.pem')), cert: readFileSync(inFolder('cert.pem')) }
  server = createServer(tls, answer)
  await new Promise<void>((done) => server.listen(0, 'localhost', done))
  const { port } = server.address() as AddressInfo
  const url = (path: string) => `{ url: 'https://localhost:${port}/${path}' }`
  const config = `hosts: { web1: { ssh: web1 } }
repositories:
  app: ${url('app.git')}
  odd: ${url('odd.git')}
  moved: ${url('moved/app.git')}
  elsewhere: ${url('elsewhere/app.git')}
  late: ${url('late/app.git')}
  plain: ${url('plain/app.git')}
`
  at = await aService(`tools: { git: ${inFolder('its-git')} }\n${config}`)
  operator = await at.token({ name: 'deploybot', role: 'operator' })
}, 60_000)
afterEach(() => {
  asked = []
})
afterAll(async () => {
  await at?.remove()
  server?.closeAllConnections()
  await new Promise((done) => server?.close(done))
  rmSync(folder, { recursive: true, force: true })
})

/** A branch with a file whose name is `..`, which git itself does not write. */
function makeOdd(): void {
  const odd = { cwd: inFolder('repos/odd.git'), env: ENV, encoding: 'utf8' as const }
  const blob = execFileSync('git', ['hash-object', '-w', '--stdin'], { ...odd, input: 'x\n' }).trim()
  const input = Buffer.concat([Buffer.from('100644 ..\0', 'latin1'), Buffer.from(blob, 'hex')])
  const written = ['hash-object', '-t', 'tree', '-w', '--stdin', '--literally']
  const tree = execFileSync('git', written, { ...odd, input }).trim()
  git('repos/odd.git', 'update-ref', 'refs/heads/odd', git('repos/odd.git', 'commit-tree', '-m', 'odd', tree))
  git('repos/app.git', 'update-server-info')
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = request.url!
  asked.push(url)
  const { port } = server.address() as AddressInfo
  const sendTo = (location: string) => response.writeHead(302, { location }).end()
  if (url.startsWith('/moved/')) return void sendTo(url.slice('/moved'.length))
  if (url.startsWith('/elsewhere/'))
    return void sendTo(`https://127.0.0.1:${port}${url.slice('/elsewhere'.length)}`)
  if (url.startsWith('/late/')) {
    // The first answer is a repository; what it asks for then leads elsewhere.
    const there = url.slice('/late'.length)
    return void (request.method === 'POST' ? sendTo(there) : serve(request, response, there))
  }
  if (url.startsWith('/plain/')) {
    const file = inFolder(join('repos', new URL(url, 'https://localhost').pathname.slice('/plain'.length)))
    if (!existsSync(file)) return void response.writeHead(404).end()
    return void response.writeHead(200, { 'content-type': 'text/plain' }).end(readFileSync(file))
  }
  serve(request, response, url)
}

/** Lets git answer, as a web server does (RFC 3875). */
function serve(request: IncomingMessage, response: ServerResponse, url: string): void {
  const [path, query = ''] = url.split('?')
  const { 'content-type': type = '', 'content-encoding': encoding, 'git-protocol': version } = request.headers
  const child = spawn('git', ['http-backend'], {
    env: {
      ...ENV,
      GIT_PROJECT_ROOT: inFolder('repos'),
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method!,
      PATH_INFO: path!,
      QUERY_STRING: query,
      CONTENT_TYPE: type,
      ...(encoding === undefined ? {} : { HTTP_CONTENT_ENCODING: encoding }),
      ...(version === undefined ? {} : { GIT_PROTOCOL: String(version) }),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin.on('error', () => {})
  request.pipe(child.stdin)
  const parts: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => parts.push(part))
  child.on('close', () => {
    const all = Buffer.concat(parts)
    const end = all.indexOf('\r\n\r\n')
    const headers = all.subarray(0, end).toString().split('\r\n')
    const [, status = '200'] = /^Status: (\d+)/m.exec(headers.join('\n')) ?? []
    const pairs = headers.filter((line) => !line.startsWith('Status:')).map((line) => line.split(': '))
    response.writeHead(Number(status), Object.fromEntries(pairs)).end(all.subarray(end + 4))
  })
}

async function admitted(source: string): Promise<string> {
  const { folder, config, cwd, interrupt } = at.home
  const home = { folder, config, cwd, interrupt, isConfined: true, sent: null }
  return (await admitPaths(home, 'deploy', { source, commit: 'main', host: 'web1' })).source as string
}
const resolved = (source: string, name = 'main') =>
  resolveSource({ source, commit: name }, openTools({}), new AbortController().signal)

test('what a repository has over https is what a run deploys', async () => {
  const source = await admitted('app')
  expect(await resolved(source)).toMatchObject({ commit, dirty: 0, shallow: false })
  expect(asked.length).toBeGreaterThan(0)
})

test('a later start fetches what is new', async () => {
  const source = await admitted('app')
  writeFileSync(inFolder('work/app.js'), 'second\n')
  git('work', 'commit', '-q', '-a', '-m', 'second')
  git('work', 'push', '-q', inFolder('repos/app.git'), 'main')
  const second = git('work', 'rev-parse', 'HEAD')
  expect((await resolved(source)).commit).toBe(commit)
  expect(await admitted('app')).toBe(source)
  expect((await resolved(source)).commit).toBe(second)
})

test.each([
  ['moved', 'another path'],
  ['elsewhere', 'another name of a server'],
  ['late', 'another path, once the branches were listed'],
])('a redirect of %s to %s is refused, and not followed', async (name) => {
  await expect(admitted(name)).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
  expect(asked.length).toBeGreaterThan(0)
  expect(asked.filter((path) => !path.startsWith(`/${name}/`))).toEqual([])
})

test('a start from a repository that redirects is refused with the words of git, and starts nothing', async () => {
  const input = { source: 'moved', commit: 'main', host: 'web1', path: '/srv/app' }
  const { status, json } = await at.post('/api/v1/runs', operator, { machine: 'deploy', input })
  expect([status, json.code]).toEqual([422, 'INPUT_REFUSED'])
  expect(json.detail).toMatch(
    /the repository moved of cutter.yaml can’t be fetched from https:\/\/localhost:.*302/,
  )
  expect((await at.get('/api/v1/runs', operator)).json).toEqual([])
})

test('a certificate that nobody vouches for is refused', async () => {
  const { port } = server.address() as AddressInfo
  const other = await aService(
    `hosts: { web1: { ssh: web1 } }\nrepositories: { app: { url: 'https://localhost:${port}/app.git' } }\n`,
  )
  try {
    const { folder, config, cwd, interrupt } = other.home
    const home = { folder, config, cwd, interrupt, isConfined: true, sent: null }
    await expect(admitPaths(home, 'deploy', { source: 'app', commit: 'main', host: 'web1' })).rejects.toThrow(
      /certificate/,
    )
    expect(asked).toEqual([])
  } finally {
    await other.remove()
  }
})

test('a repository with a path that leads out is refused', async () => {
  await expect(admitted('odd')).rejects.toThrow(/hasDotdot/i)
})

test('a repository of plain files, whose objects git does not check, is refused', async () => {
  await expect(admitted('plain')).rejects.toThrow(/can’t be fetched from .*dumb http transport/)
  const source = readdirSync(join(at.home.folder, 'var/repositories')).find((name) =>
    name.startsWith('plain-'),
  )
  const path = join(at.home.folder, 'var/repositories', source!)
  await expect(resolved(path)).rejects.toThrow('the commit main is not in')
})
