import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pack } from 'tar-stream'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { Allowance } from '../../../src/effects/deploy/allowances.ts'
import type { ArtifactFinding } from '../../../src/effects/deploy/artifact-entry.ts'
import { contentRules, mayHoldSecret } from '../../../src/effects/deploy/artifact-rules.ts'
import { type Artifact, buildArtifact } from '../../../src/effects/deploy/build-artifact.ts'
import { resolveSource } from '../../../src/effects/deploy/resolve-source.ts'
import { scanArtifact } from '../../../src/effects/deploy/scan-artifact.ts'
import { hashTree } from '../../../src/effects/deploy/tree-hashes.ts'
import { TRUSTED_TOOLS } from '../../../src/tools/open-tools.ts'

const never = new AbortController().signal
const made: string[] = []
const built: Artifact[] = []
afterAll(async () => {
  await Promise.all(built.map(({ dispose }) => dispose()))
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
})

function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-artifact-test-')))
  made.push(folder)
  return folder
}

const WHO = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.org', '-c', 'commit.gpgsign=false']
const git = (cwd: string, ...args: string[]) =>
  execFileSync('git', [...WHO, ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()

function write(folder: string, files: { [path: string]: string }): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

function commit(folder: string, files: { [path: string]: string } = {}): string {
  write(folder, files)
  git(folder, 'add', '--all', '--force')
  git(folder, 'commit', '--quiet', '--allow-empty', '-m', 'a step')
  return git(folder, 'rev-parse', 'HEAD')
}

function makeRepository(
  files: { [path: string]: string } = { 'app.py': 'print(1)\n', 'lib/a.txt': 'a\n' },
): string {
  const folder = makeFolder()
  git(folder, 'init', '--quiet', '--initial-branch=main')
  commit(folder, files)
  return folder
}

const resolve = (source: string, commit: string) => resolveSource({ source, commit }, TRUSTED_TOOLS, never)

async function build(
  source: string,
  revision = 'HEAD',
  allow: Allowance[] = [],
): Promise<Artifact & { file: string }> {
  const artifact = await buildArtifact(await resolve(source, revision), {
    tools: TRUSTED_TOOLS,
    signal: never,
    allow,
  })
  built.push(artifact)
  return { ...artifact, file: artifact.file! }
}

const refusals = ({ findings }: { findings: ArtifactFinding[] }) =>
  findings.filter(({ severity }) => severity === 'refused').map(({ rule, path }) => `${rule} ${path}`)

describe('buildArtifact', () => {
  test('gives the same bytes for every clone, path, user and config', async () => {
    const repository = makeRepository({
      'crlf.txt': 'one\r\ntwo\n',
      'version.txt': '$Format:%h %d$ $Id$\n',
      'filtered.bin': 'x\n',
      'dropped.md': 'not for an archive\n',
      '.gitattributes':
        'crlf.txt text eol=crlf\nversion.txt export-subst ident\nfiltered.bin filter=upper\ndropped.md export-ignore\n',
    })
    const { sha256, entries } = await build(repository)
    expect(entries.map(({ path }) => path).sort()).toEqual([
      '.gitattributes',
      'crlf.txt',
      'filtered.bin',
      'version.txt',
    ])

    for (const { path, sha256: found } of entries) {
      const blob = execFileSync('git', ['cat-file', 'blob', `HEAD:${path}`], { cwd: repository })
      expect([path, found]).toEqual([path, createHash('sha256').update(blob).digest('hex')])
    }

    const clone = join(makeFolder(), 'another "place" with\ta tab')
    git(repository, 'clone', '--quiet', '--no-local', repository, clone)
    for (const [name, value] of [
      ['core.autocrlf', 'true'],
      ['core.eol', 'crlf'],
      ['core.abbrev', '12'],
      ['tar.umask', '0077'],
      ['filter.upper.smudge', 'tr a-z A-Z'],
    ]) {
      git(clone, 'config', name!, value!)
    }
    git(clone, 'tag', 'v1')
    writeFileSync(join(clone, '.git/info/attributes'), '* export-ignore\n')
    const home = makeFolder()
    write(home, {
      '.gitconfig': '[tar]\n\tumask = 0027\n[core]\n\tautocrlf = true\n',
      'git/attributes': '* export-ignore\n',
    })
    const before = { ...process.env }
    Object.assign(process.env, { HOME: home, XDG_CONFIG_HOME: home, GIT_DIR: '/nowhere', TZ: 'Asia/Tokyo' })
    const umask = process.umask(0o077)
    try {
      expect((await build(clone)).sha256).toBe(sha256)
    } finally {
      process.umask(umask)
      for (const name of ['HOME', 'XDG_CONFIG_HOME', 'GIT_DIR', 'TZ']) {
        if (before[name] === undefined) delete process.env[name]
        else process.env[name] = before[name]
      }
    }
  })

  test('holds the bytes of the commit, and nothing that is not in it', async () => {
    const repository = makeRepository({ 'a.txt': 'one\r\n' })
    const first = git(repository, 'rev-parse', 'HEAD')
    commit(repository, { 'a.txt': 'two\n' })
    write(repository, { 'a.txt': 'three\n', 'new.txt': 'new\n' })
    const source = await resolve(repository, first.slice(0, 10))
    expect(source).toMatchObject({ commit: first, dirty: 2, shallow: false })
    const artifact = await build(repository, first)
    expect(execFileSync('tar', ['-xOf', artifact.file, 'a.txt'], { encoding: 'utf8' })).toBe('one\r\n')
    expect(
      execFileSync('git', ['get-tar-commit-id'], {
        input: readFileSync(artifact.file),
        encoding: 'utf8',
      }).trim(),
    ).toBe(first)
  })

  test('holds that folder alone for a folder inside a repository, with the same bytes each time', async () => {
    const repository = makeRepository()
    const { sha256, entries } = await build(join(repository, 'lib'))
    expect(entries.map(({ path }) => path)).toEqual(['a.txt'])
    await new Promise((done) => setTimeout(done, 1_100))
    expect((await build(join(repository, 'lib'))).sha256).toBe(sha256)
  })

  test('gives the same bytes for a shallow clone and a bare one', async () => {
    const repository = makeRepository()
    commit(repository, { 'b.txt': 'b\n' })
    const { sha256 } = await build(repository)
    const shallow = join(makeFolder(), 'shallow')
    git(repository, 'clone', '--quiet', '--depth=1', `file://${repository}`, shallow)
    expect(await resolve(shallow, 'HEAD')).toMatchObject({ shallow: true })
    expect((await build(shallow)).sha256).toBe(sha256)
    const bare = join(makeFolder(), 'bare.git')
    git(repository, 'clone', '--quiet', '--bare', repository, bare)
    expect((await build(bare)).sha256).toBe(sha256)
  })

  test('changes nothing in the source', async () => {
    const repository = makeRepository()
    const state = () =>
      execFileSync(
        'sh',
        ['-c', 'find . -type f -exec sha256sum {} + | sort; find . -printf "%p %T@\\n" | sort'],
        { cwd: repository, encoding: 'utf8' },
      )
    const before = state()
    await build(join(repository, 'lib'))
    expect(state()).toBe(before)
  })

  test('has the tree hash that the usual tools compute where it is extracted', async () => {
    const repository = makeRepository({ 'b/ü a.txt': 'x', 'b.txt': 'y', 'B.txt': 'z', empty: '' })
    symlinkSync('../b.txt', join(repository, 'b/link'))
    execFileSync('chmod', ['755', join(repository, 'b.txt')])
    commit(repository)
    const artifact = await build(repository)
    const folder = makeFolder()
    execFileSync('tar', ['-xpf', artifact.file, '-C', folder])
    const hashBy = (script: string) =>
      execFileSync('sh', ['-c', script], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, LC_ALL: 'C' },
      }).slice(0, 64)
    const { treeHash, shapeHash, files } = hashTree(artifact.entries)
    expect(files).toBe(4)
    expect(hashBy('find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum')).toBe(treeHash)
    expect(hashBy("find . -mindepth 1 -printf '%y %m %l %P\\0' | sort -z | sha256sum")).toBe(shapeHash)
  })
})

describe('resolveSource', () => {
  const gapOf = (source: string, revision = 'HEAD') =>
    resolve(source, revision).then(
      () => null,
      (error) => error.facts,
    )

  test('stops with the exact gap when the folder, the repository or the commit is missing', async () => {
    expect(await gapOf('/nowhere/at-all')).toMatchObject({
      code: 'STOP_SOURCE_MISSING',
      message: expect.stringContaining('/nowhere/at-all is missing'),
    })
    expect((await gapOf(makeFolder())).message).toContain('is not a git repository')
    const repository = makeRepository()
    expect((await gapOf(repository, '0123456789abcdef0123456789abcdef01234567')).message).toContain(
      'is not in',
    )
    expect((await gapOf(repository, '--output=/tmp/x')).message).toContain('is not in')
    expect((await gapOf(repository, 'HEAD:app.py')).message).toContain('is not in')
    expect((await gapOf(join(repository, 'app.py'))).message).toContain('is not a folder')
    mkdirSync(join(repository, 'untracked'))
    expect((await gapOf(join(repository, 'untracked'))).message).toContain('has no folder untracked')
  })

  test('finds submodules, which the artifact then refuses by their paths', async () => {
    const repository = makeRepository()
    const other = makeRepository()
    execFileSync(
      'git',
      ['-c', 'protocol.file.allow=always', 'submodule', 'add', '--quiet', other, 'deps/other'],
      { cwd: repository, stdio: 'ignore' },
    )
    commit(repository)
    expect(refusals(await build(repository))).toEqual(['submodule deps/other'])
  })
})

describe('scanArtifact', () => {
  const KEY = readKey()
  const TOKEN = ['ghp', 'a'.repeat(36)].join('_')

  test.each([
    ['secret', '.env', 'A=1'],
    ['secret', 'conf/.env.production', 'A=1'],
    ['secret', 'deep/id_ed25519', 'x'],
    ['secret', 'server.pem', KEY],
    ['secret', 'notes.md', `once ${KEY}`],
    ['secret', 'inlined.json', JSON.stringify({ key: KEY })],
    ['secret', 'ci.yml', `token: ${TOKEN}`],
    ['secret', '.aws/credentials', 'x'],
    ['cache', 'pkg/__pycache__/a.txt', 'x'],
    ['cache', 'a.pyc', 'x'],
    ['cache', 'web/node_modules/x/index.js', 'x'],
    ['large-file-pointer', 'model.bin', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\n'],
    ['name', 'DEPLOY-MANIFEST.txt', 'x'],
    ['name', 'back\\slash', 'x'],
  ])('refuses a %s: %s', async (rule, path, text) => {
    const artifact = await build(makeRepository({ 'ok.txt': 'ok', [path]: text }))
    const folder = /^.*(__pycache__|node_modules)/.exec(path)?.[0]
    expect(refusals(artifact)).toEqual([`${rule} ${folder ?? path}`])
    expect(JSON.stringify(artifact.findings)).not.toContain(TOKEN)
  })

  test.each(['.env.example', '.gitignore', 'cert.pem', 'id_rsa.pub', 'src/environment.ts', 'keys.ts'])(
    'accepts %s',
    async (path) => {
      const text =
        path === 'keys.ts'
          ? "const HEADER = '-----BEGIN PRIVATE KEY-----'\n"
          : '-----BEGIN CERTIFICATE-----\n'
      expect(refusals(await build(makeRepository({ [path]: text })))).toEqual([])
    },
  )

  test('finds a key anywhere in a large file, and only warns of one that a person has allowed', async () => {
    const large = (at: number) => `${'x'.repeat(at)}\n${KEY}${'y'.repeat(300_000)}`
    for (const at of [65_000, 65_510, 131_050]) {
      expect(refusals(await build(makeRepository({ 'a.txt': large(at) })))).toEqual(['secret a.txt'])
    }
    const allowed = await build(makeRepository({ 'test/key.pem': KEY }), 'HEAD', ['test/key.pem'])
    expect(allowed.findings).toMatchObject([{ severity: 'warn', path: 'test/key.pem' }])
  })

  test('follows links as a kernel does, and refuses those that lead out', async () => {
    const repository = makeRepository({ 'x/y/z.txt': 'z', 'd/e/f.txt': 'f' })
    const link = (path: string, target: string) => symlinkSync(target, join(repository, path))
    link('good', 'x/y/z.txt')
    link('x/up', '../d')
    link('dangling', 'x/none')
    link('absolute', '/etc/passwd')
    link('out', '../outside')
    link('x/deep', '../d/e')
    link('sly', 'x/deep/../../../outside')
    link('round', 'round')
    commit(repository)
    expect(refusals(await build(repository)).sort()).toEqual([
      'link absolute',
      'link out',
      'link round',
      'link sly',
    ])
  })

  /** A commit with each kind of finding that a person may allow. */
  function makeFindings(): { repository: string; id: string; object: string } {
    const object = 'b'.repeat(64)
    const repository = makeRepository({
      'test/key.pem': KEY,
      'web/node_modules/x.js': 'x',
      'a\\b.txt': 'x',
      'Read.me': 'x',
      'read.me': 'y',
      'big.bin': `version https://git-lfs.github.com/spec/v1\noid sha256:${object}\nsize 3\n`,
    })
    const link = (path: string, target: string) => symlinkSync(target, join(repository, path))
    link('absolute', '/etc/hosts')
    link('round', 'round')
    const other = makeRepository()
    const add = ['-c', 'protocol.file.allow=always', 'submodule', 'add', '--quiet', other, 'deps/other']
    execFileSync('git', add, { cwd: repository, stdio: 'ignore' })
    commit(repository)
    return { repository, id: git(other, 'rev-parse', 'HEAD'), object }
  }

  test('allows each kind of finding by path and kind, with a reason, and at a pinned id', async () => {
    const { repository, id, object } = makeFindings()
    const found = ['cache web/node_modules', 'large-file-pointer big.bin', 'link absolute', 'link round']
    const refused = [...found, 'name a\\b.txt', 'secret test/key.pem', 'submodule deps/other']
    expect(refusals(await build(repository)).sort()).toEqual(refused)
    const reason = 'a person has looked at it'
    const all: Allowance[] = [
      { path: 'test/**', kind: 'secret', reason },
      { path: 'web/node_modules', kind: 'cache', reason },
      { path: '*', kind: 'link', reason },
      { path: 'a*.txt', kind: 'name', reason },
      { path: 'deps/*', kind: 'submodule', reason, id },
      { path: 'big.bin', kind: 'large-file-pointer', reason, id: object },
    ]
    const { findings, entries } = await build(repository, 'HEAD', all)
    expect(refusals({ findings })).toEqual([])
    expect(findings.filter(({ why }) => why.endsWith(`(allowed: ${reason})`))).toHaveLength(refused.length)
    expect(findings.find(({ rule }) => rule === 'submodule')!.why).toContain(`is a submodule at ${id}`)
    expect(entries.map(({ path }) => path)).toContain('deps/other')
    const otherIds = all.map((one) =>
      typeof one === 'object' && one.id !== undefined ? { ...one, id: 'c'.repeat(one.id.length) } : one,
    )
    expect(refusals(await build(repository, 'HEAD', otherIds)).sort()).toEqual([
      'large-file-pointer big.bin',
      'submodule deps/other',
    ])
    const otherKinds: Allowance[] = all.map((one) => ({
      ...(one as { path: string }),
      kind: 'duplicate',
      reason,
    }))
    expect(refusals(await build(repository, 'HEAD', otherKinds)).sort()).toEqual(refused)
  })

  test('gives a tree with a backslash in a name the hash that the usual tools give it', async () => {
    const { entries, file } = await build(makeRepository({ 'a\\b.txt': 'x', 'c.txt': 'y' }))
    const folder = makeFolder()
    const script = `tar -xf "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-64`
    const hash = execFileSync('sh', ['-c', script, 'sh', file], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    })
    expect(hashTree(entries).treeHash).toBe(hash.trim())
  })

  test.each([
    ['*.txt export-subst', 'asks for export-subst,'],
    ['*.sh text eol=crlf', 'asks for text, eol=crlf,'],
    ['*.bin filter=lfs diff=lfs -text', 'asks for filter=lfs,'],
    ['# *.txt ident\nx -export-subst\ntests export-ignore', null],
  ])('says what of the attributes %j git archive would apply', async (text, why) => {
    const { findings } = await build(makeRepository({ '.gitattributes': text, 'a.txt': 'a' }))
    const found = findings.filter(({ rule }) => rule === 'attributes')
    expect(found.map((one) => [one.path, one.severity])).toEqual(
      why === null ? [] : [['.gitattributes', 'warn']],
    )
    if (why !== null) expect(found[0]!.why).toContain(why)
  })

  test.each([
    ['the same', (sha256: string) => sha256, 0],
    ['other', () => '0'.repeat(64), 2],
  ])('scans again only where a scan of %s bytes is known', async (_, known, entries) => {
    const repository = makeRepository({ 'a.txt': 'a', 'b.txt': 'b' })
    const source = await resolve(repository, 'HEAD')
    const { sha256 } = await build(repository)
    const again = await buildArtifact(source, {
      tools: TRUSTED_TOOLS,
      signal: never,
      known: { sha256: known(sha256), entries: [], findings: [] },
    })
    built.push(again)
    expect([again.sha256, again.entries.length]).toEqual([sha256, entries])
  })

  test('says what git says about its failure, and leaves no folder behind', async () => {
    const repository = makeRepository()
    const source = await resolve(repository, 'HEAD')
    const folder = join(makeFolder(), 'gone')
    await expect(
      buildArtifact({ ...source, objects: folder }, { tools: TRUSTED_TOOLS, signal: never }),
    ).rejects.toMatchObject({ facts: { code: 'STOP_SOURCE_MISSING' } })
  })

  test('refuses entries that git itself would never put into a tar', async () => {
    const file = join(makeFolder(), 'hostile.tar')
    const tar = pack()
    tar.entry({ name: '../up.txt' }, 'x')
    tar.entry({ name: '/etc/cron.d/x' }, 'x')
    tar.entry({ name: 'null', type: 'character-device', devmajor: 1, devminor: 3 })
    tar.entry({ name: 'pipe', type: 'fifo' })
    tar.entry({ name: 'hard', type: 'link', linkname: '/etc/passwd' })
    tar.entry({ name: 'sub/.git/config' }, 'x')
    tar.entry({ name: 'l', type: 'symlink', linkname: 'sub' })
    tar.entry({ name: 'l/through.txt' }, 'x')
    tar.entry({ name: 'twice.txt' }, 'x')
    tar.entry({ name: 'twice.txt' }, 'y')
    tar.entry({ name: 'Twice.txt' }, 'y')
    tar.finalize()
    const chunks: Buffer[] = []
    for await (const chunk of tar) chunks.push(chunk as Buffer)
    writeFileSync(file, Buffer.concat(chunks))
    const found = await scanArtifact(createReadStream(file))
    expect(refusals(found).sort()).toEqual([
      'duplicate twice.txt',
      'git sub/.git/config',
      'kind hard',
      'kind null',
      'kind pipe',
      'link l/through.txt',
      'name ../up.txt',
      'name /etc/cron.d/x',
    ])
    expect(found.findings.filter(({ severity }) => severity === 'warn').map(({ path }) => path)).toEqual([
      'Twice.txt',
    ])
  })
})

/** A real private key that gives access to nothing. */
function readKey(): string {
  const folder = makeFolder()
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'k')])
  return readFileSync(join(folder, 'k'), 'utf8')
}

beforeEach(() => {
  expect(process.env.GIT_DIR).toBeUndefined()
})

test('every text that meets a rule has one of the marks, so that no rule is left out', () => {
  const secrets = [
    `-----BEGIN OPENSSH PRIVATE KEY-----\n${'a1'.repeat(12)}`,
    ...['AKIA', 'ASIA'].map((kind) => `${kind}${'A1'.repeat(8)}`),
    ...['ghp', 'gho', 'ghu', 'ghs', 'ghr'].map((kind) => `${kind}_${'a1'.repeat(18)}`),
    `github_pat_${'a'.repeat(50)}`,
    `glpat-${'a'.repeat(20)}`,
    ...[...'abeoprs'].map((kind) => `xox${kind}-${'a'.repeat(20)}`),
    `npm_${'a'.repeat(36)}`,
    `AIza${'a'.repeat(35)}`,
    ...['rk', 'sk'].map((kind) => `${kind}_live_${'a'.repeat(24)}`),
    ...['ant', 'proj'].map((kind) => `sk-${kind}-${'a'.repeat(32)}`),
    `_authToken = ${'a'.repeat(20)}`,
    'postgres://ann:secret@db/app',
    'version https://git-lfs.github.com/spec/v1\noid',
  ]
  for (const { pattern } of contentRules) expect(secrets.some((text) => pattern.test(text))).toBe(true)
  for (const text of secrets) {
    expect(contentRules.some(({ pattern }) => pattern.test(text))).toBe(true)
    expect(mayHoldSecret(text, true), text).toBe(true)
  }
  expect(mayHoldSecret('plain text: https://example.org/a', true)).toBe(false)
})
