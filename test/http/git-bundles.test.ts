import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resolveSource } from '../../src/effects/deploy/resolve-source.ts'
import { admitPaths } from '../../src/service/access/input-files.ts'
import { INPUT_LIMITS } from '../../src/service/access/input-limits.ts'
import { keepUpload } from '../../src/service/uploads.ts'
import { openTools } from '../../src/tools/open-tools.ts'
import { aService, type HttpService } from '../support/http-service.ts'

/** Git bundles that callers send as the source of a deploy: good ones, and what somebody may send instead. */

let at: HttpService
let operator: string
let folder: string
let commit: string

const inFolder = (name: string) => join(folder, name)
/** git with settings of its own, in the repository that is bundled. */
const git = (...args: string[]) => gitIn('repo', ...args)
const gitIn = (repository: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
    cwd: inFolder(repository),
    env: { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
    stdio: ['pipe', 'pipe', 'ignore'],
    encoding: 'utf8',
  }).trim()

beforeAll(async () => {
  at = await aService('hosts: { web1: { ssh: web1 } }\n')
  operator = await at.token({ name: 'deploybot', role: 'operator' })
  folder = mkdtempSync(join(tmpdir(), 'cutter-bundles-'))
  mkdirSync(inFolder('repo'))
  git('init', '-q', '-b', 'main')
  writeFileSync(inFolder('repo/app.js'), 'console.log(1)\n')
  git('add', '.')
  git('commit', '-q', '-m', 'One')
  git('tag', 'v1')
  commit = git('rev-parse', 'HEAD')
})
afterAll(async () => {
  await at.remove()
  rmSync(folder, { recursive: true, force: true })
})

const bundled = (...args: string[]): Buffer => {
  git('bundle', 'create', inFolder('made.bundle'), ...args)
  return readFileSync(inFolder('made.bundle'))
}

async function sent(bytes: Buffer): Promise<string> {
  const answer = await fetch(`${at.url}/api/v1/uploads`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operator}`, 'content-type': 'application/octet-stream' },
    body: new Uint8Array(bytes),
  })
  expect(answer.status).toBe(201)
  return ((await answer.json()) as { upload: string }).upload
}

const start = async (bytes: Buffer, of = commit) => {
  const input = { source: await sent(bytes), commit: of, host: 'web1', path: '/srv/app' }
  return (await at.post('/api/v1/runs', operator, { machine: 'deploy', input })).json
}

const admit = async (bytes: Buffer, of = commit) => {
  const { folder, config, cwd, interrupt } = at.home
  const home = { folder, config, cwd, interrupt, isConfined: true, sent: null }
  return admitPaths(home, 'deploy', { source: await sent(bytes), commit: of, host: 'web1' })
}

/** Everything of the uploads that a refused bundle may leave: its own bytes. */
const repositories = () =>
  readdirSync(join(at.home.folder, 'var/uploads')).filter((name) => name.startsWith('repo-'))

/** A tree that git itself would not make, and a bundle of a commit with it. */
function withTree(entries: string): Buffer {
  const blob = git('hash-object', '-w', 'app.js')
  const tree = execFileSync('git', ['hash-object', '-t', 'tree', '-w', '--stdin', '--literally'], {
    cwd: inFolder('repo'),
    input: Buffer.concat([Buffer.from(`100644 ${entries}\0`, 'latin1'), Buffer.from(blob, 'hex')]),
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  }).trim()
  const made = git('commit-tree', '-m', 'odd', tree)
  git('update-ref', 'refs/heads/odd', made)
  return bundled('odd')
}

describe('a git bundle', () => {
  test('is deployed from a repository of its objects, whose config and hooks are Cutter’s', async () => {
    writeFileSync(inFolder('repo/.git/hooks/post-checkout'), `#!/bin/sh\ntouch ${inFolder('hooked')}\n`, {
      mode: 0o755,
    })
    git('config', 'core.fsmonitor', `touch ${inFolder('watched')}`)
    const bytes = bundled('main', 'v1')
    git('config', '--unset', 'core.fsmonitor')
    rmSync(inFolder('watched'), { force: true })
    const { source } = (await admit(bytes)) as { source: string }
    expect(source).toMatch(/\/var\/uploads\/repo-[0-9a-f]{64}\.git$/)
    expect(readFileSync(join(source, 'config'), 'utf8')).toBe(
      '[core]\n\trepositoryformatversion = 0\n\tbare = true\n',
    )
    expect(existsSync(join(source, 'hooks'))).toBe(false)
    for (const of of ['main', 'v1', commit.slice(0, 12)]) expect((await admit(bytes, of)).source).toBe(source)
    const tools = openTools({})
    const pinned = await resolveSource({ source, commit: 'main' }, tools, AbortSignal.timeout(30_000))
    expect(pinned).toMatchObject({ commit, tree: git('rev-parse', 'HEAD^{tree}'), dirty: 0, shallow: false })
    expect(await start(bytes, 'main')).toMatchObject({ machine: 'deploy', stopCode: 'STOP_HOST_UNREACHABLE' })
    for (const name of ['hooked', 'watched']) expect(existsSync(inFolder(name)), name).toBe(false)
  })

  const head = (text: string) => Buffer.concat([Buffer.from(text), bundled('main').subarray(0)])
  const edited = (from: string | RegExp, to: string) =>
    Buffer.from(bundled('main').toString('latin1').replace(from, to), 'latin1')
  const CASES: [what: string, why: string, make: () => Buffer][] = [
    ['that is cut short', 'is damaged or cut short', () => bundled('main').subarray(0, -30)],
    ['that ends in its head', 'its head does not end', () => bundled('main').subarray(0, 40)],
    [
      'with a changed byte',
      'is damaged or cut short',
      () => {
        const bytes = Buffer.from(bundled('main'))
        bytes[bytes.length - 40]! ^= 1
        return bytes
      },
    ],
    [
      'of a range',
      'needs commits that it does not hold',
      () => {
        writeFileSync(inFolder('repo/more.js'), 'x\n')
        git('add', '.')
        git('commit', '-q', '-m', 'Two')
        return bundled('v1..main')
      },
    ],
    ['with a filter', 'asks for', () => edited('# v2 git bundle\n', '# v3 git bundle\n@filter=blob:none\n')],
    [
      'with a ref that leads out',
      'names no ref that git allows',
      () => edited('refs/heads/main', 'refs/heads/../../../hooks/x'),
    ],
    [
      'with a ref that is an option',
      'names no ref that git allows',
      () => edited('refs/heads/main', '--upload-pack=touch'),
    ],
    ['without a ref', 'names no ref', () => edited(/[0-9a-f]{40} refs\/heads\/main\n/, '')],
    [
      'with a ref to nothing',
      'git fsck finds',
      () => edited(/[0-9a-f]{40} refs\/heads\/main\n/, `${'1'.repeat(40)} refs/heads/main\n`),
    ],
    ['with a path that leads out', 'hasDotdot', () => withTree('..')],
    ['with a repository in it', 'hasDotgit', () => withTree('.GIT')],
    ['with a slash in a name', 'fullPathname', () => withTree('../../etc/passwd')],
    [
      'with a submodule',
      'the submodule "lib" has content that a bundle can’t hold',
      () => {
        git('checkout', '-q', '-B', 'sub', 'v1')
        git('update-index', '--add', '--cacheinfo', `160000,${commit},lib`)
        git('commit', '-q', '-m', 'sub')
        return bundled('sub')
      },
    ],
    [
      'whose trees never end',
      'its commit has more than',
      () => {
        let tree = git('write-tree')
        for (let depth = 0; depth < 12; depth += 1) {
          const lines = Array.from({ length: 10 }, (_, index) => `040000 tree ${tree}\td${index}`)
          tree = execFileSync('git', ['mktree'], {
            cwd: inFolder('repo'),
            input: `${lines.join('\n')}\n`,
            encoding: 'utf8',
          }).trim()
        }
        git('update-ref', 'refs/heads/bomb', git('commit-tree', '-m', 'bomb', tree))
        return bundled('bomb')
      },
    ],
    [
      'that is no bundle after its first line',
      'names no ref that git allows',
      () => Buffer.from('# v2 git bundle\nnonsense\n\n'),
    ],
    ['of another kind', 'is no git bundle', () => Buffer.from('PK\x03\x04')],
    ['behind a line of somebody', 'is no git bundle', () => head('#!/bin/sh\n')],
  ]
  test.each(CASES)('%s is refused: %s', async (what, why, make) => {
    const bytes = make()
    const of = { 'with a submodule': 'sub', 'whose trees never end': 'bomb' }[what] ?? 'main'
    git('checkout', '-q', '-f', 'main')
    const kept = repositories()
    const answer = await start(bytes, of)
    expect(answer).toMatchObject({ code: 'INPUT_REFUSED', touched: [] })
    expect(answer.detail).toContain(why)
    expect(answer.next).toContain('git bundle')
    // Of a commit that is refused the repository may stay, because another commit of it may be good.
    const more = ['with a submodule', 'whose trees never end'].includes(what) ? 1 : 0
    expect(repositories().length - kept.length).toBeLessThanOrEqual(more)
  })

  test('without the commit is refused with the names of what it holds', async () => {
    for (const of of ['nothing', '--upload-pack=x', '0'.repeat(40)]) {
      const { code, detail } = await start(bundled('v1'), of)
      expect([code, detail]).toEqual(['INPUT_REFUSED', expect.stringContaining('is not in it; it holds v1')])
    }
  })

  test('has a limit of its own, and other files have theirs', async () => {
    const upload = (first: string) => {
      const parts = async function* () {
        yield Buffer.from(first)
        for (let left = INPUT_LIMITS.file; left > 0; left -= 2 ** 22) yield Buffer.alloc(2 ** 22)
      }
      return keepUpload(at.home, parts())
    }
    expect((await upload('# v2 git bundle\n')).bytes).toBe(INPUT_LIMITS.file + 16)
    await expect(upload('# v4 git bundle\n')).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
      message: expect.stringContaining(`more than ${INPUT_LIMITS.file} bytes`),
    })
  })
})
