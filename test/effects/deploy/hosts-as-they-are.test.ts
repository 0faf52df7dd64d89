import { afterEach, describe, expect, test, vi } from 'vitest'
import { commandOfSudo } from '../../../src/effects/deploy/sudo-commands.ts'
import {
  createDeployFixture,
  type DeployFixture,
  hashFolder,
  listEntries,
} from '../../support/deploy-fixture.ts'
import { type Sshd, servers, someoneElse, startSshd } from '../../support/sshd.ts'

vi.setConfig({ testTimeout: 240_000 })

const other = someoneElse('OpenSSH')

const asSent = 'exec sh -c "$SSH_ORIGINAL_COMMAND"'

/** What a host does with commands, as a script that runs in their place, and what the run says of it. */
const HOSTS: [name: string, script: string, message: string][] = [
  [
    'an rc file that prints',
    `echo "Welcome to web1"; ${asSent}`,
    'each command prints text of the host itself, such as "Welcome to web1"',
  ],
  [
    'a logout file that prints',
    'sh -c "$SSH_ORIGINAL_COMMAND"; code=$?; echo bye; exit $code',
    'each command prints text of the host itself, such as "bye"',
  ],
  [
    'a fixed command that answers everything alike',
    'echo "only backups here"; exit 0',
    'the host runs a command of its own instead of the one that is sent',
  ],
  ['a fixed command that is silent', 'exit 0', 'the host runs a command of its own'],
  [
    'nologin',
    'echo "This account is currently not available."; exit 1',
    'This account is currently not available.',
  ],
  [
    'a shell that reads backslashes between single quotes, as fish does',
    'SSH_ORIGINAL_COMMAND=$(printf %s "$SSH_ORIGINAL_COMMAND" | sed \'s/\\\\\\\\/\\\\/g\'); exec sh -c "$SSH_ORIGINAL_COMMAND"',
    'reads commands otherwise than a POSIX shell',
  ],
  [
    'a shell that takes no line end between quotes, as csh does',
    `[ "$(printf %s "$SSH_ORIGINAL_COMMAND" | wc -l)" = 0 ] || { echo "Unmatched '." >&2; exit 1; }; ${asSent}`,
    'reads commands otherwise than a POSIX shell: "Unmatched \'."',
  ],
]

describe('a host as it is', () => {
  let sshd: Sshd
  let d: DeployFixture
  afterEach(async () => {
    await d.remove()
    await sshd.stop()
  })

  test.each(HOSTS)('with %s is named before anything else is asked', async (_, script, message) => {
    sshd = await startSshd(undefined, { hook: `#!/bin/sh\n${script}\n` })
    d = await createDeployFixture(sshd)
    const before = hashFolder(d.srv)
    const run = await d.start()
    expect(run).toMatchObject({ status: 'stopped', state: 'PENDING', stopCode: 'STOP_PREFLIGHT_FAILED' })
    expect(run.stop!.message).toContain(message)
    expect(run.stop!.message).toContain('the host was not touched')
    expect(hashFolder(d.srv)).toBe(before)
  })

  test.skipIf(servers[0] !== 'OpenSSH')(
    'that allows one session at a time and has no SFTP is deployed to, with few logins and sessions',
    async () => {
      sshd = await startSshd('OpenSSH', { settings: ['MaxSessions 1', 'LogLevel VERBOSE'] })
      const count = (pattern: RegExp) => sshd.log().match(pattern)?.length ?? 0
      d = await createDeployFixture(sshd)
      d.checks('checks: [{ name: version, run: [python3, app.py, --version] }]')
      const run = await d.approve(await d.start())
      expect(run).toMatchObject({ outcome: 'succeeded' })
      expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
      const logins = count(/Accepted publickey/g)
      const sessions = count(/Starting session: command/g)
      expect(logins).toBeLessThanOrEqual(3)
      expect(sessions).toBeLessThanOrEqual(45)
    },
  )

  test.skipIf(servers[0] !== 'OpenSSH')(
    'that opens no session is refused as such, and not as a lost connection',
    async () => {
      sshd = await startSshd('OpenSSH', { settings: ['MaxSessions 0'] })
      d = await createDeployFixture(sshd)
      const run = await d.start()
      expect(run).toMatchObject({ status: 'stopped', state: 'PENDING' })
      expect(run.stop!.message).toContain('the host refuses a session on a connection that it accepted')
      expect(JSON.stringify(run.stop)).not.toContain('was lost')
    },
  )

  test.skipIf(servers[0] !== 'OpenSSH' || typeof other === 'string')(
    'that ends each connection after the login is named as such',
    async () => {
      sshd = await startSshd('OpenSSH', {
        settings: ['ChrootDirectory /nowhere'],
        as: other as Exclude<typeof other, string>,
      })
      d = await createDeployFixture(sshd)
      const run = await d.start()
      expect(run).toMatchObject({ status: 'stopped', state: 'PENDING', stopCode: 'STOP_HOST_UNREACHABLE' })
      expect(run.stop!.message).toContain('the connection was lost 4 times in a row')
      expect(run.stop!.next).toContain('the log of sshd')
    },
  )
})

describe('commandOfSudo', () => {
  test.each([
    ['sudo -n systemctl restart web', 'systemctl restart web'],
    ['sudo -n -u app /opt/restart now', '/opt/restart now'],
    ['sudo --non-interactive -- ls -l', 'ls -l'],
    ['sudo systemctl restart web', null],
    ['sudo -u app ls -n', null],
    ['sudo -n', null],
  ])('%s runs %s', (line, command) => {
    expect(commandOfSudo(line.split(' '))?.join(' ') ?? null).toBe(command)
  })
})
