import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
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
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Allowance, allowance } from '../../../src/effects/deploy/allowances.ts'
import { type Artifact, buildArtifact } from '../../../src/effects/deploy/build-artifact.ts'
import { resolveSource } from '../../../src/effects/deploy/resolve-source.ts'
import { TRUSTED_TOOLS } from '../../../src/tools/open-tools.ts'

/** Contents that a commit only names: submodules and large files. */

const never = new AbortController().signal
const built: Artifact[] = []
let folder: string
let app: string

const WHO = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.org', '-c', 'commit.gpgsign=false']
const git = (cwd: string, ...args: string[]) =>
  execFileSync('git', [...WHO, '-c', 'protocol.file.allow=always', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

function makeRepository(name: string, files: { [path: string]: string }): string {
  const repository = join(folder, name)
  for (const [path, text] of Object.entries(files)) write(join(repository, path), text)
  git(repository, 'init', '--quiet', '--initial-branch=main')
  return repository
}

function commit(repository: string): string {
  git(repository, 'add', '--all')
  git(repository, 'commit', '--quiet', '-m', 'a step')
  return git(repository, 'rev-parse', 'HEAD')
}

async function build(allow: Allowance[], source = app): Promise<Artifact> {
  const found = await resolveSource({ source, commit: 'HEAD' }, TRUSTED_TOOLS, never)
  const artifact = await buildArtifact(found, { tools: TRUSTED_TOOLS, signal: never, allow })
  built.push(artifact)
  return artifact
}

const filesOf = ({ file }: Artifact) =>
  execFileSync('tar', ['-tf', file], { encoding: 'utf8' })
    .split('\n')
    .filter((path) => path !== '' && !path.endsWith('/'))
    .sort()
const refusedOf = ({ findings }: Artifact) =>
  findings.filter(({ severity }) => severity === 'refused').map(({ rule, path }) => `${rule} ${path}`)
const reason = 'its files are needed on the host'

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-contents-')))
})
afterEach(async () => {
  await Promise.all(built.splice(0).map(({ dispose }) => dispose()))
  rmSync(folder, { recursive: true, force: true })
})

describe('submodules in an artifact', () => {
  let id: string
  let innerId: string

  beforeEach(() => {
    innerId = commit(makeRepository('inner', { 'deep.txt': 'deep\n' }))
    const lib = makeRepository('lib', {
      'lib.txt': 'one\n',
      '.gitattributes': 'notes export-ignore\n',
      notes: 'n',
    })
    git(lib, 'submodule', '--quiet', 'add', join(folder, 'inner'), 'inner')
    id = commit(lib)
    app = makeRepository('app', { 'app.txt': 'app\n' })
    git(app, 'submodule', '--quiet', 'add', '--name', 'its name', lib, 'vendor/lib')
    git(app, 'submodule', '--quiet', 'update', '--init', '--recursive')
    commit(app)
    // Later commits of the submodule are not pinned.
    write(join(lib, 'lib.txt'), 'two\n')
    commit(lib)
  })

  const lib = (more = {}): Allowance => ({
    path: 'vendor/lib',
    kind: 'submodule',
    reason,
    include: true,
    ...more,
  })
  const inner = (more = {}): Allowance =>
    ({ ...(lib(more) as object), path: 'vendor/lib/inner' }) as Allowance

  test('have their files at the pinned commit, also inside of each other', async () => {
    const artifact = await build([lib({ id }), inner({ id: innerId })])
    expect(refusedOf(artifact)).toEqual([])
    expect(filesOf(artifact)).toEqual([
      '.gitmodules',
      'app.txt',
      'vendor/lib/.gitattributes',
      'vendor/lib/.gitmodules',
      'vendor/lib/inner/deep.txt',
      'vendor/lib/lib.txt',
    ])
    const text = execFileSync('tar', ['-xOf', artifact.file, 'vendor/lib/lib.txt'], { encoding: 'utf8' })
    expect(text).toBe('one\n')
    expect(artifact.included).toEqual([
      { path: 'vendor/lib', kind: 'submodule', id },
      { path: 'vendor/lib/inner', kind: 'submodule', id: innerId },
    ])
  })

  test('give the same bytes in each clone and at each time', async () => {
    const clone = join(folder, 'clone')
    git(folder, 'clone', '--quiet', '--recurse-submodules', app, clone)
    const allow = [lib(), inner()]
    const [here, there] = [await build(allow), await build(allow, clone)]
    expect(here.sha256).toBe(there.sha256)
    expect(here.sha256).not.toBe((await build([])).sha256)
  })

  test('are scanned like every other file', async () => {
    write(join(app, 'vendor/lib/.env'), 'KEY=1\n')
    const changed = commit(join(app, 'vendor/lib'))
    commit(app)
    const artifact = await build([lib(), inner()])
    expect(artifact.included[0]).toMatchObject({ id: changed })
    expect(refusedOf(artifact)).toEqual(['secret vendor/lib/.env'])
  })

  test.each([
    ['another id', [lib({ id: '0'.repeat(40) })], ['submodule vendor/lib']],
    ['an id, and so no word on the inner one', [lib({ id: 'ID' })], ['submodule vendor/lib/inner']],
    ['the empty folder alone', [{ path: 'vendor/lib', kind: 'submodule', reason, id: 'ID' }], []],
  ] as [string, Allowance[], string[]][])(
    'are left out where the checks file has %s',
    async (_, allow, refused) => {
      const rules = JSON.parse(JSON.stringify(allow).replace('"ID"', JSON.stringify(id))) as Allowance[]
      expect(refusedOf(await build(rules))).toEqual(refused)
    },
  )

  test.each([
    ['is missing', (modules: string) => rmSync(modules, { recursive: true })],
    [
      'is a link that leads out',
      (modules: string) => {
        rmSync(modules, { recursive: true })
        symlinkSync(join(folder, 'lib/.git'), modules)
      },
    ],
    [
      'borrows objects',
      (modules: string) => write(join(modules, 'objects/info/alternates'), `${folder}/lib/.git/objects\n`),
    ],
    [
      'lacks the commit',
      (modules: string) => {
        rmSync(join(modules, 'objects'), { recursive: true })
        mkdirSync(join(modules, 'objects'))
      },
    ],
  ])('stop the deploy where their repository %s', async (_, spoil) => {
    spoil(join(app, '.git/modules/its name'))
    await expect(build([lib()])).rejects.toMatchObject({
      facts: { code: 'STOP_SOURCE_MISSING', next: expect.stringContaining('submodule update --init') },
      message: expect.stringContaining('vendor/lib'),
    })
  })

  test('of a name that leads out of the repository are refused', async () => {
    const text = readFileSync(join(app, '.gitmodules'), 'utf8')
    writeFileSync(join(app, '.gitmodules'), text.replace('its name', '../../../lib/.git'))
    commit(app)
    await expect(build([lib()])).rejects.toMatchObject({ facts: { code: 'STOP_SOURCE_MISSING' } })
  })
})

describe('large files in an artifact', () => {
  const bytes = Buffer.alloc(70_000, 'large ')
  const id = createHash('sha256').update(bytes).digest('hex')
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${id}\nsize ${bytes.length}\n`
  const allow: Allowance[] = [{ path: 'assets/**', kind: 'large-file-pointer', reason, include: true }]
  const object = () => join(app, '.git/lfs/objects', id.slice(0, 2), id.slice(2, 4), id)

  beforeEach(() => {
    app = makeRepository('app', {
      'assets/a,b c.bin': pointer,
      'other/x.bin': pointer,
      'assets/small.txt': 's',
    })
    commit(app)
    write(object(), bytes.toString())
  })

  test('take the place of their pointers, where a rule includes them', async () => {
    const artifact = await build(allow)
    const entry = artifact.entries.find(({ path }) => path === 'assets/a,b c.bin')
    expect(entry).toMatchObject({ size: bytes.length, sha256: id, mode: 0o644 })
    expect(artifact.included).toEqual([{ path: 'assets/a,b c.bin', kind: 'large-file-pointer', id }])
    expect(refusedOf(artifact)).toEqual(['large-file-pointer other/x.bin'])
  })

  test('are refused with other bytes than their pointer pins', async () => {
    writeFileSync(object(), 'other bytes')
    await expect(build(allow)).rejects.toMatchObject({
      facts: { code: 'STOP_SOURCE_MISSING' },
      message: expect.stringContaining('other bytes than its pointer pins'),
    })
  })

  test('stop the deploy where git-lfs has not fetched them', async () => {
    rmSync(object())
    await expect(build(allow)).rejects.toMatchObject({
      facts: { code: 'STOP_SOURCE_MISSING', next: expect.stringContaining('lfs fetch') },
    })
  })
})

test.each(['secret', 'cache', 'link', 'name', 'duplicate'])(
  'a finding of kind %s has no content to include',
  (kind) => {
    const { success } = allowance.safeParse({ path: 'a', kind, reason, include: true })
    expect(success).toBe(false)
  },
)
