import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openHost } from '../../../src/targets/ssh/open-host.ts'
import { TRUSTED_TOOLS } from '../../../src/tools/open-tools.ts'
import { type Sshd, servers, startSshd } from '../../support/sshd.ts'

/** A token of SoftHSM (packages softhsm2 and opensc), which asks for its PIN as hardware does. */

const LIBRARY = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib64/pkcs11/libsofthsm2.so'].find((file) =>
  existsSync(file),
)
const installed = ['softhsm2-util', 'pkcs11-tool', 'ssh-agent'].every(
  (name) => spawnSync(name, ['--help']).error === undefined,
)
const missing = !servers.includes('OpenSSH')
  ? 'there is no OpenSSH server on this machine'
  : LIBRARY === undefined || !installed
    ? 'softhsm2 and opensc are not installed on this machine'
    : null
if (missing !== null) console.log(`PKCS#11 tokens are not tried: ${missing}`)
const PIN = '1234'

describe.skipIf(missing !== null)('a host that knows the key of a PKCS#11 token', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-token-'))
  const path = (name: string) => join(folder, name)
  const env = { ...process.env, SOFTHSM2_CONF: path('softhsm.conf') }
  const call = (command: string, ...args: string[]) =>
    execFileSync(command, args, { env, encoding: 'utf8', stdio: 'pipe' })
  let sshd: Sshd
  let agent = 0
  const withAgent = () => ({ ...env, SSH_AUTH_SOCK: path('agent') })
  beforeAll(async () => {
    sshd = await startSshd('OpenSSH')
    mkdirSync(path('tokens'))
    writeFileSync(path('softhsm.conf'), `directories.tokendir = ${path('tokens')}\n`)
    call('softhsm2-util', '--init-token', '--free', '--label', 'test', '--pin', PIN, '--so-pin', '5678')
    const make = ['--keypairgen', '--key-type', 'EC:prime256v1', '--label', 'key', '--id', '01']
    call('pkcs11-tool', '--module', LIBRARY!, '--login', '--pin', PIN, ...make)
    writeFileSync(path('token.pub'), call('ssh-keygen', '-D', LIBRARY!))
    appendFileSync(sshd.path('authorized_keys'), call('ssh-keygen', '-D', LIBRARY!))
    writeFileSync(path('askpass'), `#!/bin/sh\necho ${PIN}\n`, { mode: 0o700 })
    agent = Number(/SSH_AGENT_PID=(\d+)/.exec(call('ssh-agent', '-s', '-a', path('agent')))?.[1])
    execFileSync('ssh-add', ['-s', LIBRARY!], {
      env: { ...withAgent(), DISPLAY: ':0', SSH_ASKPASS: path('askpass'), SSH_ASKPASS_REQUIRE: 'force' },
      stdio: 'pipe',
    })
  })
  afterAll(async () => {
    if (agent > 0) process.kill(agent)
    await sshd?.stop()
    rmSync(folder, { recursive: true })
  })

  const open = async (lines: string, variables: NodeJS.ProcessEnv) => {
    sshd.config(`Host token\n  HostName 127.0.0.1\n  Port ${sshd.gatePort}\n${lines}`)
    const user = { home: sshd.home, env: variables, tools: TRUSTED_TOOLS }
    const host = await openHost('token', user, new AbortController().signal)
    host.close()
    return host.transport.name
  }

  test('lets the user in whose agent has the token', async () => {
    const provider = `  PKCS11Provider ${LIBRARY}\n  IdentityFile none\n`
    const half = `  IdentitiesOnly yes\n  IdentityFile ${path('token.pub')}\n`
    expect(await open(provider, withAgent())).toBe('ssh')
    expect(await open('  IdentityFile none\n', withAgent())).toBe('ssh2')
    expect(await open(half, withAgent())).toBe('ssh2')
  })

  test('refuses without the agent, because nobody is asked for the PIN, and names the command', async () => {
    const alone: NodeJS.ProcessEnv = { ...env }
    delete alone.SSH_AUTH_SOCK
    await expect(open(`  PKCS11Provider ${LIBRARY}\n  IdentityFile none\n`, alone)).rejects.toMatchObject({
      facts: {
        code: 'STOP_HOST_REFUSED',
        message: expect.stringContaining('pin required'),
        next: expect.stringContaining('ssh-add -s'),
      },
    })
  })
})
