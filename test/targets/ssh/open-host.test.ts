import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stop } from '../../../src/domain/errors.ts'
import { type Host, openHost } from '../../../src/targets/ssh/open-host.ts'
import type { ReceiveGuard } from '../../../src/targets/ssh/receive-script.ts'
import { TRUSTED_TOOLS } from '../../../src/tools/open-tools.ts'
import { anyArgument, anyText, PRINT_ARGUMENTS, toHexLines } from '../../support/shell-arguments.ts'
import { openKeyFolder, withAgent } from '../../support/ssh-keys.ts'
import { type Sshd, serversAndTransports, startSshd } from '../../support/sshd.ts'

const LIMITS = { timeoutMs: 20_000, maxOutputBytes: 1_000_000 }
describe.each(serversAndTransports)('openHost with the server of %s, through %s', (server, through) => {
  let sshd: Sshd
  beforeAll(async () => {
    sshd = await startSshd(server, { through })
  })
  afterAll(() => sshd.stop())

  const never = new AbortController().signal
  const user = (env: NodeJS.ProcessEnv = {}) => ({ home: sshd.home, env, tools: TRUSTED_TOOLS })
  const open = (alias = 'web', env: NodeJS.ProcessEnv = {}) => openHost(alias, user(env), never)
  async function on<T>(work: (host: Host) => Promise<T>, alias = 'web'): Promise<T> {
    const host = await open(alias)
    try {
      return await work(host)
    } finally {
      host.close()
    }
  }
  const stopOf = async (opening: Promise<Host>): Promise<Stop['facts']> => {
    const answer = await opening.then(
      (host) => {
        host.close()
        return null
      },
      (error: Stop) => error,
    )
    if (answer === null) throw new Error('the host was opened')
    expect(answer.name).toBe('Stop')
    return answer.facts
  }

  describe('commands', () => {
    test('run passes every argument unchanged through the login shell of the host', async () => {
      // ssh2's server takes a command as text. It serves machines without OpenSSH's server.
      const passed = server === 'OpenSSH' ? anyArgument : anyText
      await on(async (host) => {
        await fc.assert(
          fc.asyncProperty(fc.array(passed, { maxLength: 4 }), async (argv) => {
            const { stdout } = await host.run([...PRINT_ARGUMENTS, ...argv], LIMITS)
            expect(stdout.toString()).toBe(toHexLines(argv))
          }),
          { numRuns: 15 },
        )
      })
    })

    test('run returns exit code and both outputs, passes stdin, and uses the C locale', async () => {
      await on(async (host) => {
        const result = await host.run(['sh', '-c', 'cat; echo "$LC_ALL" >&2; exit 7'], {
          ...LIMITS,
          stdin: Buffer.from('given'),
        })
        expect(result).toMatchObject({ exitCode: 7, signal: null, truncated: false, timedOut: false })
        expect([result.stdout.toString(), result.stderr.toString()]).toEqual(['given', 'C\n'])
        expect(await host.run(['sh', '-c', 'kill -TERM $$'], LIMITS)).toMatchObject({
          exitCode: null,
          // ssh does not say which signal it was.
          signal: through === 'ssh' ? 'a signal' : 'SIGTERM',
        })
      })
    })

    test('run drops output over the cap and reports it as truncated', async () => {
      await on(async (host) => {
        const result = await host.run(['head', '-c', '3000000', '/dev/zero'], {
          ...LIMITS,
          maxOutputBytes: 1000,
        })
        expect(result).toMatchObject({ exitCode: 0, truncated: true })
        expect(result.stdout.length).toBe(1000)
      })
    })

    test('run kills a hanging program with all its processes, and the connection stays usable', async () => {
      const mark = sshd.path('hangs')
      await on(async (host) => {
        const result = await host.run(['sh', '-c', `sleep 3 && touch ${mark}; true`], {
          ...LIMITS,
          timeoutMs: 300,
        })
        expect(result).toMatchObject({ exitCode: null, timedOut: true })
        expect((await host.run(['true'], LIMITS)).exitCode).toBe(0)
        await wait(3_200)
        expect(existsSync(mark)).toBe(false)
      })
    })

    test('run ends an aborted command', async () => {
      const abort = new AbortController()
      await on(async (host) => {
        const pending = host.run(['sleep', '30'], { ...LIMITS, signal: abort.signal })
        setTimeout(() => abort.abort(), 100)
        await expect(pending).rejects.toThrow('sleep ran and was interrupted')
        await expect(host.run(['true'], { ...LIMITS, signal: abort.signal })).rejects.toThrow('interrupted')
      })
    })

    test('run rejects with HostLost when the connection breaks', async () => {
      const host = await open()
      const pending = host.run(['sleep', '5'], LIMITS)
      setTimeout(() => sshd.cutAfter(0), 100)
      await expect(pending).rejects.toMatchObject({ name: 'HostLost' })
      await expect(host.run(['true'], LIMITS)).rejects.toMatchObject({ name: 'HostLost' })
    })
  })

  test('run rejects with HostLost when the network falls silent', async () => {
    const host = await open()
    const pending = host.run(['sleep', '60'], { ...LIMITS, timeoutMs: 90_000 })
    setTimeout(() => sshd.freeze(), 200)
    await expect(pending).rejects.toMatchObject({ name: 'HostLost' })
  })

  describe('files', () => {
    const bytes = randomBytes(1_500_000)
    const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')
    let local: string
    beforeAll(() => {
      local = sshd.path('local.bin')
      writeFileSync(local, bytes)
    })
    const free = (remote: string) => ({ lines: ':', args: [], folder: dirname(remote) })
    const send = (host: Host, remote: string, guard: ReceiveGuard = free(remote)) =>
      host.put(local, remote, { mode: 0o640, guard, signal: never })

    test('put sends a complete file with its mode', async () => {
      const remote = sshd.path('complete.bin')
      expect(await on((host) => send(host, remote))).toEqual({
        resumedFrom: 0,
        bytes: bytes.length,
        sha256: sha256(local),
      })
      expect(sha256(remote)).toBe(sha256(local))
      expect(statSync(remote).mode & 0o777).toBe(0o640)
    })

    test('put continues where a broken connection ended', async () => {
      const remote = sshd.path('resumed.bin')
      const host = await open()
      sshd.cutAfter(700_000)
      await expect(send(host, remote)).rejects.toMatchObject({ name: 'HostLost' })
      const { resumedFrom, sha256: received } = await on((again) => send(again, remote))
      expect(received).toBe(sha256(local))
      expect(resumedFrom).toBeGreaterThan(0)
      expect(resumedFrom).toBeLessThan(bytes.length)
      expect(sha256(remote)).toBe(sha256(local))
    })

    test('put sends the file from the start where other bytes lie, and cuts off a longer file', async () => {
      for (const wrong of [Buffer.from('other'), Buffer.concat([bytes, bytes])]) {
        const remote = sshd.path(`wrong-${wrong.length}.bin`)
        writeFileSync(remote, wrong)
        expect(await on((host) => send(host, remote))).toMatchObject({ resumedFrom: 0 })
        expect(sha256(remote)).toBe(sha256(local))
      }
    })

    test('put reports the path that it can’t open', async () => {
      await on((host) => expect(send(host, '/proc/none.bin')).rejects.toThrow(/can't open \/proc\/none.bin/))
    })

    test('put names the exit code of a guard that refuses the file, and writes nothing', async () => {
      const remote = sshd.path('guarded.bin')
      const guard = {
        lines: '[ "$1" = b ] || { echo "not $1" >&2; exit 80; }',
        args: ['a'],
        folder: sshd.path('.'),
      }
      await on((host) =>
        expect(send(host, remote, guard)).rejects.toMatchObject({
          name: 'ReceiveRefused',
          exitCode: 80,
          stderr: Buffer.from('not a\n'),
        }),
      )
      expect(existsSync(remote)).toBe(false)
      await on((host) => send(host, remote, { ...guard, args: ['b'] }))
      expect(sha256(remote)).toBe(sha256(local))
    })
  })

  describe('the key of a host', () => {
    const name = () => `[127.0.0.1]:${sshd.gatePort}`
    const good = () => `${name()} ${sshd.hostKey()}\n`
    const other = () =>
      readFileSync(`${sshd.path('.ssh/id_test')}.pub`, 'utf8')
        .split(' ')
        .slice(0, 2)
        .join(' ')
    const known = async (text: string) => {
      sshd.knownHosts(text)
      return stopOf(open())
    }
    afterAll(() => sshd.knownHosts(good()))

    test('openHost stops at an unknown key and shows its fingerprint', async () => {
      const stop = await known('')
      expect(stop.code).toBe('STOP_HOST_KEY_UNKNOWN')
      const printed = execFileSync('ssh-keygen', ['-lf', `${sshd.path('host_ed25519')}.pub`], {
        encoding: 'utf8',
      })
      expect(stop.message).toContain(printed.split(' ')[1])
    })

    test('openHost stops at a changed key and names both', async () => {
      const stop = await known(`${name()} ${other()}\n`)
      expect(stop.code).toBe('STOP_HOST_KEY_CHANGED')
      expect(stop.message.match(/SHA256:/g)).toHaveLength(2)
    })

    test('openHost treats a key of another port or host as unknown', async () => {
      // ssh itself takes the key of a name without a port for all ports.
      const plain = through === 'ssh' ? '' : `127.0.0.1 ${sshd.hostKey()}\n`
      expect((await known(`${plain}[127.0.0.1]:1 ${sshd.hostKey()}\n`)).code).toBe('STOP_HOST_KEY_UNKNOWN')
    })

    test('openHost stops at a revoked key that is listed too', async () => {
      expect((await known(`${good()}@revoked * ${sshd.hostKey()}\n`)).message).toContain('revoked')
    })

    test('openHost does not take the key of an authority for the key of a host', async () => {
      expect((await known(`@cert-authority * ${sshd.hostKey()}\n`)).code).toBe('STOP_HOST_KEY_UNKNOWN')
    })

    test('openHost stops at an unknown key even with StrictHostKeyChecking no', async () => {
      sshd.config('Host *\n  StrictHostKeyChecking no\n')
      expect((await known('')).code).toBe('STOP_HOST_KEY_UNKNOWN')
      sshd.config('')
    })

    test('openHost accepts a known key under a hashed name or a pattern, and of a type that the server does not prefer', async () => {
      sshd.knownHosts(good())
      execFileSync('ssh-keygen', ['-q', '-H', '-f', sshd.path('.ssh/known_hosts')], { stdio: 'ignore' })
      expect(readFileSync(sshd.path('.ssh/known_hosts'), 'utf8')).toMatch(/^\|1\|/)
      await on(async () => undefined)
      sshd.knownHosts(`[127.0.0.*]:${sshd.gatePort} ${sshd.hostKey('ecdsa')}\n`)
      await on(async ({ hostKey }) => expect(hostKey.type).toBe('ecdsa-sha2-nistp256'))
    })
  })

  describe('logging in', () => {
    test('openHost goes through the jump host of the config', async () => {
      sshd.config(`Host inner
  HostName 127.0.0.1
  Port ${sshd.port}
  IdentityFile ~/.ssh/id_test
  ProxyJump web
`)
      sshd.knownHosts(`[127.0.0.1]:${sshd.gatePort} ${sshd.hostKey()}\n`)
      expect((await stopOf(open('inner'))).code).toBe('STOP_HOST_KEY_UNKNOWN')
      appendFileSync(sshd.path('.ssh/known_hosts'), `[127.0.0.1]:${sshd.port} ${sshd.hostKey()}\n`)
      const result = await on((host) => host.run(['printenv', 'SSH_CONNECTION'], LIMITS), 'inner')
      expect(result.stdout.toString().trim().endsWith(` ${sshd.port}`)).toBe(true)
      sshd.config('')
    })

    test('openHost reads included configs, of which the first value counts', async () => {
      writeFileSync(sshd.path('.ssh/more.conf'), `Host side\n  HostName 127.0.0.1\n  Port=${sshd.gatePort}\n`)
      sshd.config(
        `Include ${sshd.path('.ssh/more.c*')}\nHost side\n  Port 1\n  IdentityFile %d/.ssh/id_test\n`,
      )
      await on(async ({ address }) => expect(address).toContain(`:${sshd.gatePort}`), 'side')
      sshd.config('')
    })

    test('openHost uses a key of the agent', async () => {
      const keys = openKeyFolder()
      try {
        await withAgent(keys, sshd.path('.ssh/id_test'), async () => {
          chmodSync(sshd.path('.ssh/id_test'), 0o644)
          const host = await open('web', { SSH_AUTH_SOCK: process.env.SSH_AUTH_SOCK })
          expect((await host.run(['true'], LIMITS)).exitCode).toBe(0)
          host.close()
        })
      } finally {
        chmodSync(sshd.path('.ssh/id_test'), 0o600)
        keys.remove()
        sshd.config('')
      }
    })

    test('openHost offers only the named keys of the agent with IdentitiesOnly', async () => {
      const keys = openKeyFolder()
      const others = keys.key('others')
      try {
        chmodSync(sshd.path('.ssh/id_test'), 0o600)
        await withAgent(keys, sshd.path('.ssh/id_test'), async () => {
          const env = { SSH_AUTH_SOCK: process.env.SSH_AUTH_SOCK }
          chmodSync(sshd.path('.ssh/id_test'), 0o644)
          sshd.config('Host *\n  IdentitiesOnly yes\n')
          const host = await open('web', env)
          host.close()
          sshd.config(
            `Host other\n  HostName 127.0.0.1\n  Port ${sshd.gatePort}\n  IdentitiesOnly yes\n  IdentityFile ${others}.none\n`,
          )
          expect((await stopOf(open('other', env))).code).toBe('STOP_HOST_REFUSED')
        })
      } finally {
        chmodSync(sshd.path('.ssh/id_test'), 0o600)
        keys.remove()
        sshd.config('')
      }
    })

    test('openHost refuses a key that others can read, that has a passphrase, or that the host does not know', async () => {
      const keys = openKeyFolder()
      chmodSync(sshd.path('.ssh/id_test'), 0o644)
      const locked = keys.key('locked', { passphrase: 'a passphrase' })
      const stranger = keys.key('stranger')
      const broken = keys.file('broken', 'no key at all')
      sshd.config(
        `Host web\n${[locked, stranger, broken, keys.path('gone')].map((file) => `  IdentityFile ${file}\n`).join('')}`,
      )
      const stop = await stopOf(open())
      expect(stop.code).toBe('STOP_HOST_REFUSED')
      expect(stop.message).toMatch(new RegExp(`it accepted none of .*${stranger}`))
      const notes =
        through === 'ssh'
          ? [
              `Load key "${sshd.path('.ssh/id_test')}": bad permissions`,
              `Load key "${broken}"`,
              `no such identity: ${keys.path('gone')}`,
            ]
          : [
              'can be read by others',
              `${locked} has a passphrase`,
              `${broken} is not a private key`,
              `${keys.path('gone')} is missing, which IdentityFile names`,
            ]
      for (const note of notes) expect(stop.message).toContain(note)
      const body = readFileSync(stranger, 'utf8').split('\n')[1]!
      expect(JSON.stringify(stop)).not.toContain(body)
      expect(JSON.stringify(stop)).not.toContain('no key at all')
      chmodSync(sshd.path('.ssh/id_test'), 0o600)
      sshd.config('')
      keys.remove()
    })

    test('openHost refuses a circle of jumps, a closed port, and settings that ssh refuses', async () => {
      sshd.config('Host a\n  ProxyJump b\nHost b\n  ProxyJump a\nHost shut\n  HostName 127.0.0.1\n  Port 1\n')
      await expect(open('-oProxyCommand=id')).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
      expect((await stopOf(open('a'))).message).toContain('circle')
      expect((await stopOf(open('shut'))).code).toBe('STOP_HOST_UNREACHABLE')
      sshd.config('Host web\n  ConnectTimeout soon\n')
      await expect(open()).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/line 2: .*invalid.*nothing was touched/),
      })
      sshd.config('')
    })
  })
})
