import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import { createDeployFixture, type DeployFixture, listEntries } from '../../support/deploy-fixture.ts'
import { type Sshd, servers, startSshd } from '../../support/sshd.ts'

vi.setConfig({ testTimeout: 240_000 })

/** Real entries that appear on the host between the plan and stage G7. */

const NAME = `cutter-appeared-${process.pid}`
const UNITS = '/etc/systemd/system'
const SERVICE = `[Unit]\nDescription=made by a test\n[Service]\nExecStart=/bin/true\n`
const TIMER = `[Unit]\nDescription=made by a test\n[Timer]\nOnCalendar=daily\n`

const crontab = (...args: string[]) => spawnSync('crontab', args, { encoding: 'utf8' })
const hasCrontab = spawnSync('sh', ['-c', 'command -v crontab']).status === 0
const noCrontab = hasCrontab ? null : 'there is no crontab on this machine'
const listsUnits = spawnSync('systemctl', ['list-unit-files', '--no-pager']).status === 0
const noUnits =
  process.getuid?.() !== 0
    ? 'only root can add a unit of the system'
    : listsUnits && existsSync(UNITS)
      ? null
      : 'systemctl lists no unit files on this machine'
const notOpenSsh = servers[0] === 'OpenSSH' ? null : 'the server of ssh2 sets no environment'

describe('what appears on a host during a deploy', () => {
  let sshd: Sshd
  let d: DeployFixture
  /** The folder of the user's own settings, so that the test leaves those of this machine alone. */
  let config: string
  beforeEach(async () => {
    config = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-config-')))
    const own = { XDG_CONFIG_HOME: config, PATH: process.env.PATH }
    const settings = [
      `SetEnv ${Object.entries(own)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ')}`,
    ]
    sshd = await startSshd(servers[0], notOpenSsh === null ? { settings } : {})
    d = await createDeployFixture(sshd)
  })
  afterEach(async () => {
    await d.remove()
    await sshd.stop()
    rmSync(config, { recursive: true })
  })

  /** Deploys a program whose own check leaves something on the host. */
  async function deployWith(command: string, more = ''): Promise<Run> {
    d.checks(
      `checks: [{ name: leaves, run: ${JSON.stringify(command)} }]\ntolerate: [listening-ports, running-services]\n${more}`,
    )
    return d.approve(await d.start())
  }
  // biome-ignore lint/suspicious/noExplicitAny: what the machine reports, as a reader of the JSON meets it
  const outputOf = ({ output }: Run) => output as any
  function expectTakenBack(run: Run, line: string | RegExp) {
    expect(run.outcome).toBe('rolled-back')
    expect(outputOf(run).failure).toMatch(line)
    expect(listEntries(d.srv)).toEqual(['app-1'])
  }

  test.skipIf(noCrontab !== null)(
    `a line in the crontab of its own user fails the deploy (${noCrontab ?? 'a real crontab'})`,
    async () => {
      const before = crontab('-l')
      try {
        const run = await deployWith(
          `{ crontab -l 2>/dev/null; echo '0 0 30 2 * true # ${NAME}'; } | crontab -`,
        )
        expect(crontab('-l').stdout).toContain(NAME)
        expectTakenBack(
          run,
          /^integrity: crontab: appeared: [0-9a-f]{64} {2}- \(tolerate: \[crontab\] accepts it\)$/,
        )
      } finally {
        if (before.status === 0) spawnSync('crontab', ['-'], { input: before.stdout })
        else crontab('-r')
      }
    },
  )

  test.skipIf(notOpenSsh !== null)(
    `a service and a timer of its own user fail the deploy (${notOpenSsh ?? 'in the folder of user units'})`,
    async () => {
      const write = (name: string, text: string) =>
        `printf '${text.replaceAll('\n', '\\n')}' >$XDG_CONFIG_HOME/systemd/user/${NAME}.${name}`
      const command = `mkdir -p $XDG_CONFIG_HOME/systemd/user && ${write('service', SERVICE)} && ${write('timer', TIMER)}`
      expectTakenBack(await deployWith(command), 'user-units: appeared: ')
      expect(listEntries(join(config, 'systemd/user'))).toEqual([`${NAME}.service`, `${NAME}.timer`])
    },
  )

  test.skipIf(noUnits !== null)(
    `a service and a timer of the system are warnings, and fail the deploy where they are watched (${noUnits ?? 'as root'})`,
    async () => {
      const vanish = () => {
        for (const kind of ['service', 'timer']) rmSync(`${UNITS}/${NAME}.${kind}`, { force: true })
      }
      const write = (kind: string, text: string) =>
        `printf '${text.replaceAll('\n', '\\n')}' >${UNITS}/${NAME}.${kind}`
      const command = `${write('service', SERVICE)} && ${write('timer', TIMER)}`
      try {
        for (const watched of [true, false]) {
          const run = await deployWith(command, watched ? 'watch: [services, timers]\n' : '')
          vanish()
          const { G7 } = outputOf(run).gates
          const lines = watched ? G7.why.split('; ') : G7.facts.warnings
          expect(run.outcome).toBe(watched ? 'rolled-back' : 'succeeded')
          for (const [part, kind] of [
            ['services', 'service'],
            ['timers', 'timer'],
          ])
            expect(lines.join('\n')).toContain(`${part}: appeared: ${NAME}.${kind}`)
        }
      } finally {
        vanish()
      }
    },
  )
})
