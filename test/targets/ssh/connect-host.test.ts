import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openHost } from '../../../src/targets/ssh/open-host.ts'
import { openTools, TRUSTED_TOOLS } from '../../../src/tools/open-tools.ts'
import { type KeyFolder, openKeyFolder, withAgent } from '../../support/ssh-keys.ts'
import { type Sshd, startSshd } from '../../support/sshd.ts'

const LIMITS = { timeoutMs: 20_000, maxOutputBytes: 100_000 }
const never = new AbortController().signal

/** Passes standard input and output on to a host and a port, as a ProxyCommand does. */
const RELAY = `const s = require('net').connect(process.argv[3], process.argv[2])
process.stdin.pipe(s).pipe(process.stdout)`

describe('a host is reached as the configuration of ssh says', () => {
  let sshd: Sshd
  let other: Sshd
  let keys: KeyFolder
  beforeAll(async () => {
    ;[sshd, other] = await Promise.all([startSshd(), startSshd()])
    keys = openKeyFolder()
    writeFileSync(sshd.path('relay.cjs'), RELAY)
  })
  afterEach(() => {
    sshd.config('')
    sshd.knownHosts(known())
  })
  afterAll(async () => {
    keys.remove()
    await Promise.all([sshd.stop(), other.stop()])
  })

  const known = () =>
    `[127.0.0.1]:${sshd.gatePort} ${sshd.hostKey()}\n[127.0.0.1]:${sshd.port} ${sshd.hostKey()}\n`
  const open = (alias = 'web', env: NodeJS.ProcessEnv = {}) =>
    openHost(alias, { home: sshd.home, env, tools: TRUSTED_TOOLS }, never)

  /** The port of the server that really answers. */
  async function portOf(alias = 'web', env: NodeJS.ProcessEnv = {}): Promise<number> {
    const host = await open(alias, env)
    const { stdout } = await host.run(['printenv', 'SSH_CONNECTION'], LIMITS)
    host.close()
    return Number(stdout.toString().trim().split(' ').at(-1))
  }
  const messageOf = (alias = 'web', env: NodeJS.ProcessEnv = {}) =>
    portOf(alias, env).then(
      () => 'the host was opened',
      (error: { message: string; facts?: { code: string }; code?: string }) =>
        `${error.facts?.code ?? error.code}: ${error.message}`,
    )

  describe('which host', () => {
    test('an Include in the block of another host changes nothing', async () => {
      writeFileSync(sshd.path('other.conf'), `Host db\n  Port ${other.port}\n`)
      const login = `  HostName 127.0.0.1\n  IdentityFile ${sshd.path('.ssh/id_test')}\n`
      sshd.config(`Host sub\n  Include ${sshd.path('other.conf')}\nHost db\n${login}  Port ${sshd.port}\n`)
      expect(await portOf('db')).toBe(sshd.port)
    })

    test('ssh runs the command of Match exec, with the user’s environment', async () => {
      sshd.config(`Match originalhost web exec "touch $MARK; test $WHERE = home"\n  Port ${sshd.port}\n`)
      const mark = sshd.path('executed')
      expect(await portOf('web', { WHERE: 'home', MARK: mark })).toBe(sshd.port)
      expect(existsSync(mark)).toBe(true)
    })

    test('a ProxyCommand connects to the host', async () => {
      sshd.config(`Host web\n  ProxyCommand ${process.execPath} ${sshd.path('relay.cjs')} %h ${sshd.port}\n`)
      expect(await portOf()).toBe(sshd.port)
    })

    test('a ProxyCommand that fails is shown with its message', async () => {
      sshd.config(`Host web\n  ProxyCommand echo the gateway is closed >&2\n`)
      expect(await messageOf()).toMatch(/^STOP_HOST_UNREACHABLE: .*the gateway is closed/)
    })

    test('addresses and algorithms of the configuration are used', async () => {
      sshd.config(`Host web
  AddressFamily inet
  BindAddress 127.0.0.1
  Ciphers aes256-ctr
  MACs hmac-sha2-512
  KexAlgorithms ecdh-sha2-nistp384
  HostKeyAlgorithms ecdsa-sha2-nistp256
`)
      expect(await messageOf()).toMatch(/^STOP_HOST_KEY_CHANGED: .* shows the key ecdsa-sha2-nistp256/)
      sshd.knownHosts(`[127.0.0.1]:${sshd.gatePort} ${sshd.hostKey('ecdsa')}\n`)
      expect(await messageOf()).toBe('the host was opened')
      sshd.config('Host web\n  AddressFamily inet6\n')
      expect(await messageOf()).toMatch(/^CONFIG_INVALID: .*127.0.0.1 is an address of another family/)
    })
  })

  describe('the key of a host', () => {
    test('that RevokedHostKeys forbids is refused, as a KRL and as a list', async () => {
      const krl = sshd.path('revoked.krl')
      const list = sshd.path('revoked.txt')
      const revoke = (file: string) => execFileSync('ssh-keygen', ['-q', '-k', '-f', krl, file])
      sshd.config(`RevokedHostKeys ${krl}\n`)
      revoke(sshd.path('host_ed25519.pub'))
      expect(await messageOf()).toMatch(/^STOP_HOST_KEY_CHANGED: .*is revoked by .*revoked.krl/)
      revoke(sshd.path('host_ecdsa.pub'))
      expect(await messageOf()).toBe('the host was opened')
      sshd.config(`RevokedHostKeys ${list}\n`)
      expect(await messageOf()).toMatch(/^STOP_HOST_KEY_CHANGED: .*revoked.txt .*which can’t be read/)
      writeFileSync(list, `${sshd.hostKey('ecdsa')} one\n${sshd.hostKey()} two\n`)
      expect(await messageOf()).toMatch(/^STOP_HOST_KEY_CHANGED: .*is revoked by .*revoked.txt/)
      writeFileSync(list, `${sshd.hostKey('ecdsa')} one\n`)
      expect(await messageOf()).toBe('the host was opened')
    })

    test('counts from every file, under the name of HostKeyAlias', async () => {
      sshd.knownHosts('')
      const files = ['first', 'second', 'global'].map((name) => sshd.path(name))
      sshd.config(
        `UserKnownHostsFile ${files[0]} "${files[1]}-%n"\nGlobalKnownHostsFile ${files[2]}\nHostKeyAlias the-web\n`,
      )
      for (const file of [files[0]!, `${files[1]}-web`, files[2]!]) {
        expect(await messageOf()).toMatch(/^STOP_HOST_KEY_UNKNOWN: the-web/)
        writeFileSync(file, `the-web ${sshd.hostKey()}\n`)
        expect(await messageOf()).toBe('the host was opened')
        writeFileSync(file, '')
      }
      writeFileSync(files[0]!, `the-web ${sshd.hostKey()}\n`)
      writeFileSync(files[2]!, `@revoked * ${sshd.hostKey()}\n`)
      expect(await messageOf()).toMatch(/^STOP_HOST_KEY_CHANGED: .*marked as revoked/)
    })

    test('must also be that of the address, with CheckHostIP', async () => {
      sshd.config('Host web\n  HostName localhost\n  AddressFamily inet\n')
      const line = (name: string, key: string) => `[${name}]:${sshd.gatePort} ${key}\n`
      const wrong = line('localhost', sshd.hostKey()) + line('127.0.0.1', other.hostKey())
      sshd.knownHosts(wrong)
      expect(await messageOf()).toBe('the host was opened')
      sshd.config('Host web\n  HostName localhost\n  AddressFamily inet\n  CheckHostIP yes\n')
      expect(await messageOf()).toMatch(/^STOP_HOST_KEY_CHANGED: \[127\.0\.0\.1\]/)
      sshd.knownHosts(line('localhost', sshd.hostKey()))
      expect(await messageOf()).toBe('the host was opened')
    })
  })

  describe('logging in', () => {
    test('a key of the agent is named by its public half, or by a file with a passphrase', async () => {
      const agentKeys = openKeyFolder()
      const id = sshd.path('.ssh/id_test')
      const half = keys.file('half.pub', readFileSync(`${id}.pub`, 'utf8'), 0o644)
      const locked = keys.file('locked', readFileSync(id, 'utf8'))
      execFileSync('ssh-keygen', ['-q', '-p', '-N', 'a passphrase', '-f', locked])
      try {
        await withAgent(agentKeys, id, async () => {
          const env = { SSH_AUTH_SOCK: process.env.SSH_AUTH_SOCK }
          for (const file of [half, locked]) {
            sshd.config(
              `Host named\n  HostName 127.0.0.1\n  Port ${sshd.gatePort}\n  IdentitiesOnly yes\n  IdentityFile ${file}\n`,
            )
            expect(await messageOf('named', env)).toBe('the host was opened')
          }
          sshd.config(
            `Host named\n  HostName 127.0.0.1\n  Port ${sshd.gatePort}\n  IdentitiesOnly yes\n  IdentityFile ${keys.key('stranger')}\n`,
          )
          expect(await messageOf('named', env)).toMatch(/^STOP_HOST_REFUSED/)
          sshd.config(
            `Host named\n  HostName 127.0.0.1\n  Port ${sshd.gatePort}\n  IdentityAgent none\n  IdentityFile ${half}\n`,
          )
          expect(await messageOf('named', env)).toMatch(
            /^STOP_HOST_REFUSED: .*is a public key, and there is no agent/,
          )
        })
      } finally {
        agentKeys.remove()
      }
    })

    test('PubkeyAcceptedAlgorithms and RequiredRSASize leave keys out', async () => {
      sshd.config('Host web\n  PubkeyAcceptedAlgorithms ecdsa-sha2-nistp256\n')
      expect(await messageOf()).toMatch(
        /^STOP_HOST_REFUSED: .*id_test is not accepted by PubkeyAcceptedAlgorithms/,
      )
      sshd.config('Host web\n  PubkeyAcceptedAlgorithms -ssh-rsa\n  RequiredRSASize 4096\n')
      expect(await messageOf()).toBe('the host was opened')
    })
  })

  describe('is refused', () => {
    test('a configuration that belongs to somebody else, or that others may write', async () => {
      const file = sshd.path('.ssh/config')
      const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
      if (uid === 0) chownSync(file, 65534, 65534)
      else chmodSync(file, 0o666)
      expect(await messageOf()).toBe(
        `CONFIG_INVALID: ssh can't read its configuration for host web: Bad owner or permissions on ${file}; nothing was touched`,
      )
      chownSync(file, uid, gid)
      chmodSync(file, 0o600)
    })

    test('every host, where ssh is missing', async () => {
      const user = { home: sshd.home, env: {}, tools: openTools({ ssh: keys.path('none') }) }
      await expect(openHost('web', user, never)).rejects.toMatchObject({
        code: 'TOOL_MISSING',
        message: expect.stringContaining('Cutter needs it to read the settings of hosts'),
      })
    })
  })
})
