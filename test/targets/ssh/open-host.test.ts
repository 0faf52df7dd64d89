import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stop } from '../../../src/domain/errors.ts'
import { commandLine, formatArgv } from '../../../src/targets/ssh/command-line.ts'
import { type Host, openHost } from '../../../src/targets/ssh/open-host.ts'
import { openKeyFolder, withAgent } from '../../support/ssh-keys.ts'
import { type Sshd, servers, startSshd } from '../../support/sshd.ts'

const LIMITS = { timeoutMs: 20_000, maxOutputBytes: 1_000_000 }
const anArgument = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0)))
const aText = fc
  .string({ maxLength: 40, unit: 'grapheme' })
  .map((text) => Buffer.from(text.replaceAll('\0', '')))
const nasty = [
  "'",
  "''",
  '"',
  '\\',
  '\n',
  '$(id)',
  '`id`',
  '!!',
  '*',
  '~',
  '-n',
  '',
  ' ',
  '\t',
  '\xff',
  '{a,b}',
  '#',
  ';',
  '&&',
]
/** What a program was really given: each argument in hex, one a line. */
const TELL = [
  'sh',
  '-c',
  'for a in "$@"; do printf %s "$a" | od -An -v -tx1 | tr -d " \\n"; echo; done',
  'sh',
]
const hex = (argv: Buffer[]) => argv.map((argument) => `${argument.toString('hex')}\n`).join('')

describe('the quoting of an argv', () => {
  test('gives a real sh every byte but NUL as it is', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            anArgument,
            fc.constantFrom(...nasty).map((text) => Buffer.from(text)),
          ),
          { maxLength: 6 },
        ),
        (argv) => {
          const said = spawnSync('sh', {
            input: Buffer.concat([commandLine([...TELL, ...argv]), Buffer.from('\n')]),
          })
          expect(said.stdout.toString()).toBe(hex(argv))
        },
      ),
      { numRuns: 150 },
    )
  })

  test('refuses a NUL, which would end the argument early', () => {
    expect(() => commandLine(['echo', 'a\0b'])).toThrow(RangeError)
    expect(() => commandLine([])).toThrow(RangeError)
  })

  test('is shown without quotes where none are needed', () => {
    expect(formatArgv(['mv', '-T', '/srv/a b', "it's"])).toBe(`mv -T '/srv/a b' 'it'\\''s'`)
  })
})

describe.each(servers)('a host by SSH, %s', (server) => {
  let sshd: Sshd
  beforeAll(async () => {
    sshd = await startSshd(server)
  })
  afterAll(() => sshd.stop())

  const never = new AbortController().signal
  const user = (env: NodeJS.ProcessEnv = {}) => ({ home: sshd.home, env })
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
    if (answer === null) throw new Error('it was let in')
    expect(answer.name).toBe('Stop')
    return answer.facts
  }

  describe('commands', () => {
    test('are given their arguments whole, by the login shell of the host too', async () => {
      // ssh2's server takes a command as text; it is only there for machines without the other.
      const passed = server === 'OpenSSH' ? anArgument : aText
      await on(async (host) => {
        await fc.assert(
          fc.asyncProperty(fc.array(passed, { maxLength: 4 }), async (argv) => {
            const { stdout } = await host.run([...TELL, ...argv], LIMITS)
            expect(stdout.toString()).toBe(hex(argv))
          }),
          { numRuns: 15 },
        )
      })
    })

    test('answer with exit code, both outputs and what they were given on stdin, in the C locale', async () => {
      await on(async (host) => {
        const said = await host.run(['sh', '-c', 'cat; echo "$LC_ALL" >&2; exit 7'], {
          ...LIMITS,
          stdin: Buffer.from('given'),
        })
        expect(said).toMatchObject({ exitCode: 7, signal: null, truncated: false, timedOut: false })
        expect([said.stdout.toString(), said.stderr.toString()]).toEqual(['given', 'C\n'])
        expect(await host.run(['sh', '-c', 'kill -TERM $$'], LIMITS)).toMatchObject({
          exitCode: null,
          signal: 'SIGTERM',
        })
      })
    })

    test('lose what is over the cap, and say so', async () => {
      await on(async (host) => {
        const said = await host.run(['head', '-c', '3000000', '/dev/zero'], {
          ...LIMITS,
          maxOutputBytes: 1000,
        })
        expect(said).toMatchObject({ exitCode: 0, truncated: true })
        expect(said.stdout.length).toBe(1000)
      })
    })

    test('that hang are killed with all they started, and the connection goes on', async () => {
      const mark = sshd.path('hangs')
      await on(async (host) => {
        const said = await host.run(['sh', '-c', `sleep 3 && touch ${mark}; true`], {
          ...LIMITS,
          timeoutMs: 300,
        })
        expect(said).toMatchObject({ exitCode: null, timedOut: true })
        expect((await host.run(['true'], LIMITS)).exitCode).toBe(0)
        await wait(3_200)
        expect(existsSync(mark)).toBe(false)
      })
    })

    test('that are aborted don’t go on', async () => {
      const abort = new AbortController()
      await on(async (host) => {
        const asked = host.run(['sleep', '30'], { ...LIMITS, signal: abort.signal })
        setTimeout(() => abort.abort(), 100)
        await expect(asked).rejects.toThrow('sleep ran, which was interrupted')
        await expect(host.run(['true'], { ...LIMITS, signal: abort.signal })).rejects.toThrow('interrupted')
      })
    })

    test('whose connection breaks say that their end is not known', async () => {
      const host = await open()
      const asked = host.run(['sleep', '5'], LIMITS)
      setTimeout(() => sshd.cutAfter(0), 100)
      await expect(asked).rejects.toMatchObject({ name: 'HostLost' })
      await expect(host.run(['true'], LIMITS)).rejects.toMatchObject({ name: 'HostLost' })
    })
  })

  test('notices a network that went silent', async () => {
    const host = await open()
    const asked = host.run(['sleep', '60'], { ...LIMITS, timeoutMs: 90_000 })
    setTimeout(() => sshd.freeze(), 200)
    await expect(asked).rejects.toMatchObject({ name: 'HostLost' })
  })

  describe('files', () => {
    const bytes = randomBytes(1_500_000)
    const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')
    let local: string
    beforeAll(() => {
      local = sshd.path('local.bin')
      writeFileSync(local, bytes)
    })
    const send = (host: Host, remote: string) => host.put(local, remote, { mode: 0o640, signal: never })

    test('arrive whole, with their mode', async () => {
      const remote = sshd.path('whole.bin')
      expect(await on((host) => send(host, remote))).toEqual({ resumedFrom: 0, bytes: bytes.length })
      expect(sha256(remote)).toBe(sha256(local))
      expect(statSync(remote).mode & 0o777).toBe(0o640)
    })

    test('go on where a broken connection left off', async () => {
      const remote = sshd.path('resumed.bin')
      const host = await open()
      sshd.cutAfter(700_000)
      await expect(send(host, remote)).rejects.toMatchObject({ name: 'HostLost' })
      const { resumedFrom } = await on((again) => send(again, remote))
      expect(resumedFrom).toBeGreaterThan(0)
      expect(resumedFrom).toBeLessThan(bytes.length)
      expect(sha256(remote)).toBe(sha256(local))
    })

    test('are begun anew where something else lies, and what is longer is cut off', async () => {
      for (const wrong of [Buffer.from('other'), Buffer.concat([bytes, bytes])]) {
        const remote = sshd.path(`wrong-${wrong.length}.bin`)
        writeFileSync(remote, wrong)
        expect(await on((host) => send(host, remote))).toMatchObject({ resumedFrom: 0 })
        expect(sha256(remote)).toBe(sha256(local))
      }
    })

    test('are looked at without following links', async () => {
      symlinkSync('/nowhere at all', sshd.path('link'))
      await on(async (host) => {
        expect(await host.stat(sshd.path('link'))).toMatchObject({ type: 'symlink' })
        expect(await host.readlink(sshd.path('link'))).toBe('/nowhere at all')
        expect(await host.stat(sshd.path('.ssh'))).toMatchObject({ type: 'directory', mode: 0o700 })
        expect([await host.stat(sshd.path('none')), await host.readlink(sshd.path('none'))]).toEqual([
          null,
          null,
        ])
      })
    })

    test('that can’t be written say why', async () => {
      await on((host) => expect(send(host, '/proc/none.bin')).rejects.toThrow(/can't open \/proc\/none.bin/))
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

    test('that is unknown stops, with its fingerprint', async () => {
      const stop = await known('')
      expect(stop.code).toBe('STOP_HOST_KEY_UNKNOWN')
      const printed = execFileSync('ssh-keygen', ['-lf', `${sshd.path('host_ed25519')}.pub`], {
        encoding: 'utf8',
      })
      expect(stop.message).toContain(printed.split(' ')[1])
    })

    test('that is another one stops, and names both', async () => {
      const stop = await known(`${name()} ${other()}\n`)
      expect(stop.code).toBe('STOP_HOST_KEY_CHANGED')
      expect(stop.message.match(/SHA256:/g)).toHaveLength(2)
    })

    test('that is known for another port or host is unknown here', async () => {
      expect((await known(`127.0.0.1 ${sshd.hostKey()}\n[127.0.0.1]:1 ${sshd.hostKey()}\n`)).code).toBe(
        'STOP_HOST_KEY_UNKNOWN',
      )
    })

    test('that is marked as revoked stops although it is listed too', async () => {
      expect((await known(`${good()}@revoked * ${sshd.hostKey()}\n`)).message).toContain('revoked')
    })

    test('is not vouched for by an authority', async () => {
      expect((await known(`@cert-authority * ${sshd.hostKey()}\n`)).message).toContain('no host certificates')
    })

    test('stops even where the config would let it pass', async () => {
      sshd.config('Host *\n  StrictHostKeyChecking no\n')
      expect((await known('')).code).toBe('STOP_HOST_KEY_UNKNOWN')
      sshd.config('')
    })

    test('counts when its name is hashed or a pattern, and when the server has a preferred other', async () => {
      sshd.knownHosts(good())
      execFileSync('ssh-keygen', ['-q', '-H', '-f', sshd.path('.ssh/known_hosts')], { stdio: 'ignore' })
      expect(readFileSync(sshd.path('.ssh/known_hosts'), 'utf8')).toMatch(/^\|1\|/)
      await on(async () => undefined)
      sshd.knownHosts(`[127.0.0.*]:${sshd.gatePort} ${sshd.hostKey('ecdsa')}\n`)
      await on(async ({ hostKey }) => expect(hostKey.type).toBe('ecdsa-sha2-nistp256'))
    })
  })

  describe('who is let in', () => {
    test('through a host in between, as the config says', async () => {
      sshd.config(`Host inner
  HostName 127.0.0.1
  Port ${sshd.port}
  IdentityFile ~/.ssh/id_test
  ProxyJump web
`)
      sshd.knownHosts(`[127.0.0.1]:${sshd.gatePort} ${sshd.hostKey()}\n`)
      expect((await stopOf(open('inner'))).code).toBe('STOP_HOST_KEY_UNKNOWN')
      appendFileSync(sshd.path('.ssh/known_hosts'), `[127.0.0.1]:${sshd.port} ${sshd.hostKey()}\n`)
      const said = await on((host) => host.run(['printenv', 'SSH_CONNECTION'], LIMITS), 'inner')
      expect(said.stdout.toString().trim().endsWith(` ${sshd.port}`)).toBe(true)
      sshd.config('')
    })

    test('with a config that includes others, whose first word counts', async () => {
      writeFileSync(sshd.path('.ssh/more.conf'), `Host side\n  HostName 127.0.0.1\n  Port=${sshd.gatePort}\n`)
      sshd.config('Include more.c*\nHost side\n  Port 1\n  IdentityFile %d/.ssh/id_test\n')
      await on(async ({ address }) => expect(address).toContain(`:${sshd.gatePort}`), 'side')
      sshd.config('')
    })

    test('by the agent, where it holds the key', async () => {
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

    test('by those keys of the agent alone that the config names, where it says so', async () => {
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

    test('nobody with a key that others can read, that has a passphrase, or that the host does not know', async () => {
      const keys = openKeyFolder()
      chmodSync(sshd.path('.ssh/id_test'), 0o644)
      const locked = keys.key('locked', { passphrase: 'a passphrase' })
      const stranger = keys.key('stranger')
      const broken = keys.file('broken', 'no key at all')
      sshd.config(
        `Host web\n${[locked, stranger, broken].map((file) => `  IdentityFile ${file}\n`).join('')}`,
      )
      const stop = await stopOf(open())
      expect(stop.code).toBe('STOP_HOST_REFUSED')
      expect(stop.message).toContain(`it took none of ${stranger}`)
      expect(stop.message).toContain('can be read by others')
      expect(stop.message).toContain(`${locked} has a passphrase`)
      expect(stop.message).toContain(`${broken} is no private key`)
      const body = readFileSync(stranger, 'utf8').split('\n')[1]!
      expect(JSON.stringify(stop)).not.toContain(body)
      expect(JSON.stringify(stop)).not.toContain('no key at all')
      chmodSync(sshd.path('.ssh/id_test'), 0o600)
      sshd.config('')
      keys.remove()
    })

    test('nobody through a command, a circle or a closed port', async () => {
      sshd.config(
        'Host by-command\n  ProxyCommand nc %h %p\nHost a\n  ProxyJump b\nHost b\n  ProxyJump a\nHost odd-port\n  Port ssh\nHost odd-time\n  ConnectTimeout 0\nHost shut\n  HostName 127.0.0.1\n  Port 1\n',
      )
      await expect(open('by-command')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
      for (const alias of ['odd-port', 'odd-time'])
        await expect(open(alias)).rejects.toMatchObject({
          code: 'CONFIG_INVALID',
          message: expect.stringContaining('which is no number from 1 to'),
        })
      await expect(open('-oProxyCommand=id')).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
      expect((await stopOf(open('a'))).message).toContain('circle')
      expect((await stopOf(open('shut'))).code).toBe('STOP_HOST_UNREACHABLE')
      sshd.config('')
    })
  })
})
