import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildArtifact } from '../../../src/effects/deploy/build-artifact.ts'
import { resolveSource } from '../../../src/effects/deploy/resolve-source.ts'
import { TRUSTED_TOOLS } from '../../../src/tools/open-tools.ts'

/** git reads a repository's own config. Every key that can name a program, as git-config(1) of 2.39 and later lists them. */
const PROGRAM_KEYS = [
  'core.fsmonitor',
  'core.sshCommand',
  'core.pager',
  'core.editor',
  'core.askPass',
  'core.gitProxy',
  'core.alternateRefsCommand',
  'sequence.editor',
  'diff.external',
  'diff.evil.command',
  'diff.evil.textconv',
  'filter.evil.clean',
  'filter.evil.smudge',
  'filter.evil.process',
  'merge.evil.driver',
  'gpg.program',
  'gpg.openpgp.program',
  'gpg.ssh.program',
  'gpg.ssh.defaultKeyCommand',
  'gpg.x509.program',
  'credential.helper',
  'interactive.diffFilter',
  'uploadpack.packObjectsHook',
  'remote.origin.uploadpack',
  'remote.origin.receivepack',
  'remote.origin.vcs',
  'submodule.lib.update',
  'pager.status',
  'pager.show',
  'alias.status',
  'alias.show',
  'alias.rev-parse',
  'tar.tar.command',
  'trailer.sign.command',
  'mergetool.evil.cmd',
  'difftool.evil.cmd',
  'browser.evil.cmd',
  'man.evil.cmd',
  'mergetool.evil.path',
  'difftool.evil.path',
  'guitool.evil.cmd',
  'web.browser',
  'help.browser',
  'instaweb.browser',
  'instaweb.httpd',
  'browser.evil.path',
  'man.evil.path',
  'imap.tunnel',
  'sendemail.smtpServer',
  'sendemail.sendmailCmd',
  'sendemail.toCmd',
  'sendemail.ccCmd',
  'sendemail.headerCmd',
  'credential.https://example.org.helper',
  'gc.recentObjectsHook',
  'hook.evil.command',
  'trailer.sign.cmd',
  'trace2.normalTarget',
  'trace2.perfTarget',
  'trace2.eventTarget',
]

const HOOKS = [
  'post-index-change',
  'reference-transaction',
  'post-checkout',
  'pre-auto-gc',
  'fsmonitor-watchman',
]
const never = new AbortController().signal

let folder: string
let program: string
const path = (...names: string[]) => join(folder, ...names)
const ran = () => path('ran')
const git = (cwd: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.org', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  }).trim()

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-hostile-')))
  program = path('program')
  writeFileSync(program, `#!/bin/sh\necho "$0 $*" >>${ran()}\ncat 2>/dev/null\nexit 0\n`)
  chmodSync(program, 0o755)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A repository with attributes for every driver, a commit that claims to be signed, and a changed file. */
function makeRepository(name: string): string {
  const at = path(name)
  mkdirSync(at)
  git(at, 'init', '-q', '-b', 'main')
  writeFileSync(join(at, 'app.py'), 'print(1)\n')
  writeFileSync(join(at, '.gitattributes'), '* filter=evil diff=evil merge=evil\n')
  git(at, 'add', '-A')
  git(at, 'commit', '-qm', 'one')
  const parent = git(at, 'rev-parse', 'HEAD')
  const who = 'a <a@b> 1700000000 +0000'
  const signature = 'gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQEz\n -----END PGP SIGNATURE-----'
  const text = `tree ${git(at, 'rev-parse', 'HEAD^{tree}')}\nparent ${parent}\nauthor ${who}\ncommitter ${who}\n${signature}\n\nsigned\n`
  const signed = execFileSync('git', ['hash-object', '-t', 'commit', '-w', '--stdin'], {
    cwd: at,
    input: text,
  })
  git(at, 'update-ref', 'refs/heads/main', signed.toString().trim())
  git(at, 'reset', '-q', '--hard')
  return at
}

function setEveryKey(at: string, file: string[] = []): void {
  for (const key of PROGRAM_KEYS) {
    const isShell = key.startsWith('alias.') || key.startsWith('submodule.')
    git(at, 'config', ...file, key, isShell ? `!${program}` : program)
  }
  git(at, 'config', ...file, 'log.showSignature', 'true')
  git(at, 'config', ...file, 'hook.evil.event', 'reference-transaction')
  git(at, 'config', ...file, 'filter.evil.required', 'true')
}

async function readSource(source: string, commit = 'HEAD'): Promise<{ dirty: number; files: string[] }> {
  const found = await resolveSource({ source, commit }, TRUSTED_TOOLS, never)
  const artifact = await buildArtifact(found, { tools: TRUSTED_TOOLS, signal: never })
  await artifact.dispose()
  return { dirty: found.dirty, files: artifact.entries.map((entry) => entry.path) }
}

/** Each way in which a repository can bring a config: made here, read by its folder. */
const WAYS: [string, (name: string) => string][] = [
  [
    'its own config',
    (name) => {
      const at = makeRepository(name)
      setEveryKey(at)
      return at
    },
  ],
  [
    'a config that it includes',
    (name) => {
      const at = makeRepository(name)
      setEveryKey(at, ['--file', path(`${name}.config`)])
      git(at, 'config', 'include.path', path(`${name}.config`))
      return at
    },
  ],
  [
    'a config of one working tree',
    (name) => {
      const main = makeRepository(name)
      git(main, 'config', 'extensions.worktreeConfig', 'true')
      git(main, 'worktree', 'add', '-q', '-b', 'other', path(`${name}-tree`))
      setEveryKey(path(`${name}-tree`), ['--worktree'])
      return path(`${name}-tree`)
    },
  ],
  [
    'a .git file that leads to another repository',
    (name) => {
      const real = makeRepository(`${name}-real`)
      setEveryKey(real)
      mkdirSync(path(name))
      writeFileSync(path(name, 'app.py'), 'print(1)\n')
      writeFileSync(path(name, '.git'), `gitdir: ${join(real, '.git')}\n`)
      return path(name)
    },
  ],
  [
    'hooks and a folder of hooks',
    (name) => {
      const at = makeRepository(name)
      for (const hook of HOOKS) {
        writeFileSync(join(at, '.git', 'hooks', hook), `#!/bin/sh\nexec ${program} ${hook}\n`)
        chmodSync(join(at, '.git', 'hooks', hook), 0o755)
      }
      git(at, 'config', 'core.hooksPath', join(at, '.git', 'hooks'))
      return at
    },
  ],
]

describe('a source repository whose config names programs', () => {
  test('git itself runs them, so that these tests could fail', () => {
    const at = makeRepository('alive')
    setEveryKey(at)
    writeFileSync(join(at, 'app.py'), 'print(2)\n')
    spawnSync('git', ['show', '-s', 'HEAD'], { cwd: at })
    spawnSync('git', ['add', 'app.py'], { cwd: at })
    expect(existsSync(ran())).toBe(true)
    rmSync(ran())
  })

  test.each(WAYS)('a deploy runs no program of %s, and still counts changes', async (_, make) => {
    const source = make(`way-${WAYS.findIndex(([, one]) => one === make)}`)
    rmSync(ran(), { force: true })
    writeFileSync(join(source, 'app.py'), 'print(2)\n')
    const { dirty, files } = await readSource(source)
    expect({ ran: existsSync(ran()), dirty: dirty > 0 }).toEqual({ ran: false, dirty: true })
    expect(files).toContain('app.py')
  })

  test('a deploy fetches nothing for a partial clone: it stops, and no transport runs', async () => {
    const origin = makeRepository('origin')
    git(origin, 'config', 'uploadpack.allowFilter', 'true')
    git(folder, 'clone', '-q', '--no-checkout', '--filter=blob:none', `file://${origin}`, 'partial')
    const at = path('partial')
    git(at, 'config', 'remote.origin.uploadpack', program)
    git(at, 'config', 'remote.origin.url', 'ssh://nowhere.invalid/x')
    git(at, 'config', 'core.sshCommand', program)
    rmSync(ran(), { force: true })
    await expect(readSource(at)).rejects.toMatchObject({ facts: { code: 'STOP_SOURCE_MISSING' } })
    expect(existsSync(ran())).toBe(false)
  })
})

const STRANGER = 4242
const isRoot = process.getuid?.() === 0
if (!isRoot) console.log('skipped "refuses a repository of somebody else": only root can give files away')

describe('a repository above the named source', () => {
  let top: string
  beforeAll(() => {
    top = path('above')
    mkdirSync(join(top, 'app'), { recursive: true })
    git(top, 'init', '-q')
    writeFileSync(join(top, 'app', 'app.py'), 'print(1)\n')
    git(top, 'add', '-A')
    git(top, 'commit', '-qm', 'one')
  })

  test('resolveSource takes it when it is the user’s own', async () => {
    const { prefix } = await resolveSource({ source: join(top, 'app'), commit: 'HEAD' }, TRUSTED_TOOLS, never)
    expect(prefix).toBe('app/')
  })

  test.runIf(isRoot)('resolveSource refuses it when it belongs to somebody else', async () => {
    chownSync(join(top, '.git'), STRANGER, STRANGER)
    const given = { source: join(top, 'app'), commit: 'HEAD' }
    await expect(resolveSource(given, TRUSTED_TOOLS, never)).rejects.toMatchObject({
      facts: { code: 'STOP_SOURCE_MISSING', message: expect.stringContaining(`user id ${STRANGER}`) },
    })
    // The repository itself was named, so it was not found by chance.
    const named = await resolveSource({ source: top, commit: 'HEAD' }, TRUSTED_TOOLS, never)
    expect(named.prefix).toBe('')
  })
})
