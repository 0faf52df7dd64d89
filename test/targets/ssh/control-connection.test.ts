import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type BuildOptions, build } from 'esbuild'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Host, openHost } from '../../../src/targets/ssh/open-host.ts'
import { openTools, TRUSTED_TOOLS } from '../../../src/tools/open-tools.ts'
import { startSecurityKeyAgent } from '../../support/security-key-agent.ts'
import { makeSecurityKey } from '../../support/security-keys.ts'
import { type KeyFolder, openKeyFolder, withAgent } from '../../support/ssh-keys.ts'
import { type Sshd, servers, startSshd } from '../../support/sshd.ts'

const LIMITS = { timeoutMs: 20_000, maxOutputBytes: 100_000 }
const never = new AbortController().signal
const NEWER_KEX = 'sntrup761x25519-sha512@openssh.com'
const hasNewerKex = spawnSync('ssh', ['-Q', 'kex'], { encoding: 'utf8' }).stdout?.includes(NEWER_KEX)
const SEVERAL_SECONDS = 30_000

// The server of ssh2 has no certificates, no security keys and no newer key exchange.
describe.skipIf(!servers.includes('OpenSSH'))(
  'a host that only ssh itself can reach (OpenSSH’s server)',
  () => {
    let sshd: Sshd
    let keys: KeyFolder
    beforeAll(async () => {
      keys = openKeyFolder()
      writeFileSync(keys.path('user-ca.pub'), readFileSync(`${keys.key('user-ca')}.pub`))
      const settings = [`TrustedUserCAKeys ${keys.path('user-ca.pub')}`]
      sshd = await startSshd('OpenSSH', { settings })
    })
    afterEach(() => {
      sshd.config('')
      sshd.knownHosts(known())
    })
    afterAll(async () => {
      keys.remove()
      await sshd.stop()
    })

    const known = () => `[127.0.0.1]:${sshd.gatePort} ${sshd.hostKey()}\n`
    const userOf = (env: NodeJS.ProcessEnv = {}) => ({ home: sshd.home, env, tools: TRUSTED_TOOLS })
    const open = (alias = 'web', env: NodeJS.ProcessEnv = {}) => openHost(alias, userOf(env), never)
    const login = (lines: string) =>
      sshd.config(`Host only\n  HostName 127.0.0.1\n  Port ${sshd.gatePort}\n${lines}`)

    async function on<T>(work: (host: Host) => Promise<T>, alias = 'only', env: NodeJS.ProcessEnv = {}) {
      const host = await open(alias, env)
      try {
        return await work(host)
      } finally {
        host.close()
      }
    }
    const transportOf = (alias = 'only', env: NodeJS.ProcessEnv = {}) =>
      on(
        async (host) => ({
          ...host.transport,
          printed: (await host.run(['echo', 'hi'], LIMITS)).stdout.toString(),
        }),
        alias,
        env,
      )
    const faultOf = (alias = 'only', env: NodeJS.ProcessEnv = {}) =>
      transportOf(alias, env).then(
        () => 'the host was opened',
        (error: { message: string; facts?: { code: string }; code?: string }) =>
          `${error.facts?.code ?? error.code}: ${error.message}`,
      )

    describe('logging in', () => {
      test('a certificate next to the key, or named by CertificateFile, lets the user in', async () => {
        const key = keys.key('certified')
        login(`  IdentitiesOnly yes\n  IdentityFile ${key}\n`)
        expect(await faultOf()).toMatch(/^STOP_HOST_REFUSED: .*certified/)
        execFileSync('ssh-keygen', [
          '-q',
          '-s',
          keys.path('user-ca'),
          '-I',
          'ann',
          '-n',
          'root',
          `${key}.pub`,
        ])
        expect(await transportOf()).toEqual({ name: 'ssh', needs: ['a certificate'], printed: 'hi\n' })
        const elsewhere = keys.file('elsewhere.pub', readFileSync(`${key}-cert.pub`, 'utf8'))
        rmSync(`${key}-cert.pub`)
        login(`  IdentitiesOnly yes\n  IdentityFile ${key}\n  CertificateFile ${elsewhere}\n`)
        expect(await transportOf()).toMatchObject({ name: 'ssh', needs: ['CertificateFile'] })
      })

      test('a security key of the agent lets the user in, also known by its public half alone', async () => {
        const key = makeSecurityKey('ed25519')
        const accepted = readFileSync(sshd.path('authorized_keys'), 'utf8')
        const socket = sshd.path('sk-agent')
        const agent = await startSecurityKeyAgent(key, socket)
        try {
          writeFileSync(sshd.path('authorized_keys'), `${key.publicKey} sk\n`)
          login('  IdentityFile none\n')
          const needs = ['the sk-ssh-ed25519@openssh.com of the agent']
          expect(await transportOf('only', { SSH_AUTH_SOCK: socket })).toMatchObject({ name: 'ssh', needs })
          const half = keys.file('sk.pub', `${key.publicKey} sk\n`, 0o644)
          login(`  IdentitiesOnly yes\n  IdentityFile ${half}\n  IdentityAgent ${socket}\n`)
          expect(await transportOf()).toMatchObject({ name: 'ssh', needs: ['a security key'] })
        } finally {
          agent.stop()
          writeFileSync(sshd.path('authorized_keys'), accepted)
        }
      })

      test('a key of the agent that is known by its public half needs no ssh', async () => {
        const agentKeys = openKeyFolder()
        const id = sshd.path('.ssh/id_test')
        const half = keys.file('half.pub', readFileSync(`${id}.pub`, 'utf8'), 0o644)
        try {
          await withAgent(agentKeys, id, async () => {
            login(`  IdentitiesOnly yes\n  IdentityFile ${half}\n`)
            const env = { SSH_AUTH_SOCK: process.env.SSH_AUTH_SOCK }
            expect(await transportOf('only', env)).toMatchObject({ name: 'ssh2' })
            login(`  IdentitiesOnly yes\n  IdentityFile ${half}\n  KnownHostsCommand /bin/true\n`)
            expect(await transportOf('only', env)).toMatchObject({ name: 'ssh' })
          })
        } finally {
          agentKeys.remove()
        }
      })

      test('nobody is asked for a password or a passphrase', async () => {
        const locked = keys.key('locked', { passphrase: 'a passphrase' })
        const mark = sshd.path('asked')
        const askpass = keys.file('askpass', `#!/bin/sh\ntouch ${mark}\necho secret\n`, 0o755)
        login(
          `  IdentitiesOnly yes\n  IdentityFile ${locked}\n  BatchMode no\n  KnownHostsCommand /bin/true\n`,
        )
        const env = { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':9' }
        expect(await faultOf('only', env)).toMatch(/^STOP_HOST_REFUSED: .*locked/)
        expect(existsSync(mark)).toBe(false)
      })

      test('the way leads through jump hosts, whose keys must be known too', async () => {
        const inner = `Host inner\n  HostName 127.0.0.1\n  Port ${sshd.port}\n  IdentityFile ~/.ssh/id_test\n  ProxyJump web\nHost *\n  KnownHostsCommand /bin/true\n  StrictHostKeyChecking no\n`
        sshd.config(inner)
        sshd.knownHosts(`[127.0.0.1]:${sshd.port} ${sshd.hostKey()}\n`)
        expect(await faultOf('inner')).toMatch(/^STOP_HOST_UNREACHABLE: .*host key is known/)
        expect(readFileSync(sshd.path('.ssh/known_hosts'), 'utf8')).not.toContain(String(sshd.gatePort))
        sshd.knownHosts(known())
        expect(await faultOf('inner')).toMatch(/^STOP_HOST_KEY_UNKNOWN: /)
        sshd.knownHosts(`${known()}[127.0.0.1]:${sshd.port} ${sshd.hostKey()}\n`)
        expect(await transportOf('inner')).toMatchObject({ name: 'ssh' })
        sshd.config(`${inner}Host web\n  ProxyJump inner\n`)
        expect(await faultOf('inner')).toMatch(/^STOP_HOST_UNREACHABLE: .*leads into a circle/)
      })

      test('a ProxyCommand connects, and its message is shown when it fails', async () => {
        const needs = '  KnownHostsCommand /bin/true\n'
        const id = `  IdentityFile ${sshd.path('.ssh/id_test')}\n`
        login(`${id}${needs}  ProxyCommand sh -c 'echo the gateway is closed >&2'\n`)
        expect(await faultOf()).toMatch(/^STOP_HOST_UNREACHABLE: .*the gateway is closed/)
        writeFileSync(
          sshd.path('relay.cjs'),
          `const s = require('net').connect(process.argv[3], process.argv[2]); process.stdin.pipe(s).pipe(process.stdout)`,
        )
        login(`${id}${needs}  ProxyCommand ${process.execPath} ${sshd.path('relay.cjs')} %h ${sshd.port}\n`)
        expect(await transportOf()).toMatchObject({ name: 'ssh' })
      })
    })

    describe('the key of a host', () => {
      test('is known by a certificate of an authority', async () => {
        keys.key('host-ca')
        const authority = keys.publicKey('host-ca')
        const certify = (name: string) => {
          const args = ['-q', '-s', keys.path('host-ca'), '-I', 'web', '-h', '-n', name]
          execFileSync('ssh-keygen', [...args, sshd.path('host_ed25519.pub')])
        }
        certify('127.0.0.1')
        const line = `HostCertificate ${sshd.path('host_ed25519-cert.pub')}`
        const certified = await startSshd('OpenSSH', {
          settings: [line, `HostKey ${sshd.path('host_ed25519')}`],
        })
        const open = () => openHost('web', { home: certified.home, env: {}, tools: TRUSTED_TOOLS }, never)
        try {
          certified.knownHosts(`@cert-authority * ${authority}\n`)
          const host = await open()
          const fingerprint = execFileSync('ssh-keygen', ['-lf', sshd.path('host_ed25519.pub')], {
            encoding: 'utf8',
          })
          expect(host.hostKey).toEqual({ type: 'ssh-ed25519', fingerprint: fingerprint.split(' ')[1] })
          expect(host.transport).toEqual({ name: 'ssh', needs: ['a host certificate'] })
          host.close()
          certified.knownHosts(`@cert-authority * ${keys.publicKey('user-ca')}\n`)
          await expect(open()).rejects.toMatchObject({ facts: { code: 'STOP_HOST_KEY_UNKNOWN' } })
        } finally {
          await certified.stop()
        }
      })

      test('is refused when RevokedHostKeys has it', async () => {
        const list = sshd.path('revoked.txt')
        writeFileSync(list, `${sshd.hostKey()} one\n`)
        sshd.config(`RevokedHostKeys ${list}\nKnownHostsCommand /bin/true\n`)
        expect(await faultOf('web')).toMatch(/^STOP_HOST_KEY_CHANGED: .*is revoked/)
        writeFileSync(list, `${sshd.hostKey('ecdsa')} one\n`)
        expect(await transportOf('web')).toMatchObject({ name: 'ssh' })
      })
    })

    test.skipIf(!hasNewerKex)(`a server that has ${NEWER_KEX} alone is reached`, async () => {
      const newer = await startSshd('OpenSSH', { settings: [`KexAlgorithms ${NEWER_KEX}`] })
      try {
        const host = await openHost('web', { home: newer.home, env: {}, tools: TRUSTED_TOOLS }, never)
        expect(host.transport).toEqual({
          name: 'ssh',
          needs: [expect.stringContaining('no matching key exchange')],
        })
        expect((await host.run(['true'], LIMITS)).exitCode).toBe(0)
        host.close()
      } finally {
        await newer.stop()
      }
    })

    test('a setting of a newer ssh that is not its default is left to ssh', async () => {
      const text = `#!/bin/sh\ncase "$*" in *-G*) ${TRUSTED_TOOLS.find('ssh')!.file} "$@" || exit; test "$4" = none || echo invented old;; *) exec ${TRUSTED_TOOLS.find('ssh')!.file} "$@";; esac\n`
      const tools = openTools({ ssh: keys.file('ssh', text, 0o755) })
      const host = await openHost('web', { home: sshd.home, env: {}, tools }, never)
      host.close()
      expect(host.transport).toEqual({ name: 'ssh', needs: ['invented'] })
    })

    describe('over one connection', () => {
      const through = () => sshd.config('Host *\n  KnownHostsCommand /bin/true\n')

      test('a small number of sessions does not matter, and one login is made', async () => {
        const narrow = await startSshd('OpenSSH', {
          settings: ['MaxSessions 1', 'LogLevel VERBOSE'],
          through: 'ssh',
        })
        try {
          const host = await openHost('web', { home: narrow.home, env: {}, tools: TRUSTED_TOOLS }, never)
          for (let count = 0; count < 5; count += 1)
            expect((await host.run(['echo', String(count)], LIMITS)).stdout.toString()).toBe(`${count}\n`)
          host.close()
          expect(narrow.log().match(/Accepted publickey/g)).toHaveLength(1)
        } finally {
          await narrow.stop()
        }
      })

      test('a host that opens no session is named, and is not a lost connection', async () => {
        const closed = await startSshd('OpenSSH', { settings: ['MaxSessions 0'], through: 'ssh' })
        try {
          const host = await openHost('web', { home: closed.home, env: {}, tools: TRUSTED_TOOLS }, never)
          await expect(host.run(['true'], LIMITS)).rejects.toMatchObject({ name: 'SessionRefused' })
          host.close()
        } finally {
          await closed.stop()
        }
      })

      test('a program that ends with 255 is not a lost connection', async () => {
        through()
        await on(async (host) => {
          expect(await host.run(['sh', '-c', 'exit 255'], LIMITS)).toMatchObject({ exitCode: 255 })
        }, 'web')
      })

      test('an interrupted command ends on the host with what it started', async () => {
        through()
        const abort = new AbortController()
        const host = await open()
        const pid = sshd.path('pids')
        const script = 'sleep 300 & echo $$ $! >"$1"; wait'
        const pending = host.run(['sh', '-c', script, 'wait', pid], { ...LIMITS, signal: abort.signal })
        pending.catch(() => undefined)
        await until(() => existsSync(pid) && readFileSync(pid, 'utf8').includes(' '))
        abort.abort()
        await expect(pending).rejects.toMatchObject({ name: 'HostLost' })
        host.close()
        for (const one of readFileSync(pid, 'utf8').trim().split(' '))
          await until(() => !isAlive(Number(one)))
      })

      test('nothing of ssh stays when the process that uses it is killed', async () => {
        through()
        const folder = mkdtempSync(join(tmpdir(), 'cutter-killed-'))
        try {
          const outfile = join(folder, 'opener.cjs')
          const entry = `import { openHost } from ${JSON.stringify(resolve('src/targets/ssh/open-host.ts'))}
import { TRUSTED_TOOLS } from ${JSON.stringify(resolve('src/tools/open-tools.ts'))}
const user = { home: ${JSON.stringify(sshd.home)}, env: {}, tools: TRUSTED_TOOLS }
openHost('web', user, new AbortController().signal).then(async (host) => {
  host.run(['sleep', '300'], { timeoutMs: 600000, maxOutputBytes: 10 }).catch(() => undefined)
  setTimeout(() => console.log('opened'), 300)
  setInterval(() => undefined, 1000)
})`
          const options: BuildOptions = {
            bundle: true,
            platform: 'node',
            format: 'cjs',
            external: ['*.node', 'cpu-features', 'better-sqlite3'],
            outfile,
          }
          await build({
            ...options,
            stdin: { contents: entry, resolveDir: process.cwd(), loader: 'ts' },
            logLevel: 'error',
          })
          mkdirSync(join(folder, 'tmp'))
          const env = { ...process.env, TMPDIR: join(folder, 'tmp') }
          const child = spawn(process.execPath, [outfile], { env, stdio: ['ignore', 'pipe', 'inherit'] })
          await new Promise((done) => child.stdout.once('data', done))
          expect(readdirSync(join(folder, 'tmp'))).toHaveLength(1)
          expect(findProcesses(join(folder, 'tmp')).length).toBeGreaterThan(0)
          child.kill('SIGKILL')
          await until(() => findProcesses(join(folder, 'tmp')).length === 0)
          expect(readdirSync(join(folder, 'tmp'))).toEqual([])
        } finally {
          rmSync(folder, { recursive: true, force: true })
        }
      })
    })
  },
)

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + SEVERAL_SECONDS
  while (!holds()) {
    if (performance.now() > end) throw new Error('it did not come true in time')
    await wait(20)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** The processes with a text in their command line. */
const findProcesses = (text: string) =>
  spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => line.includes(text))
