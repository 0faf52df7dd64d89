import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { App } from '../app/open-app.ts'
import { Stop } from '../domain/errors.ts'
import { shellQuote } from '../domain/shell-quote.ts'
import { answer } from './io.ts'
import { type CommonOptions, command } from './session.ts'

type Finding = { check: string; status: 'ok' | 'warn' | 'fail'; message: string; next?: string }

/** Looks at everything that commands rely on, changes nothing, and says of each what it found. Exit code 1 when something fails. */
export function doctor(options: CommonOptions): Promise<number> {
  return command(options, async (session) => {
    const { io } = session
    const app = await session.app()
    const findings = io.words([
      nodeVersion(),
      await store(app),
      await restingRuns(app),
      sshKeygen(),
      pgDump(),
      allowedSigners(app),
      decidingFiles(app),
      await embeddedServer(app),
      ...(await targets(app)),
    ])
    const mark = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' }
    answer(io, findings, () =>
      findings.flatMap(({ check, status, message, next }) => [
        `${mark[status]}  ${check}: ${message}`,
        ...(next === undefined ? [] : [`      next: ${next}`]),
      ]),
    )
    return findings.some(({ status }) => status === 'fail') ? 1 : 0
  })
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const check = 'Node'
  if (major > 20 || (major === 20 && minor >= 19)) return { check, status: 'ok', message: process.version }
  return {
    check,
    status: 'fail',
    message: `${process.version} is too old`,
    next: 'install Node 20.19 or newer',
  }
}

/** The store was opened, or there would be no answer at all; its pages are checked here. */
async function store({ home, store }: App): Promise<Finding> {
  const faults = await store.check()
  const check = 'store'
  if (faults.length === 0) return { check, status: 'ok', message: `${home}/var/cutter.db, every page reads` }
  return {
    check,
    status: 'fail',
    message: faults.join('; '),
    next: 'put a backup in its place; keep the broken file',
  }
}

async function restingRuns({ store }: App): Promise<Finding> {
  const check = 'runs'
  const [working, stopped, paused] = await Promise.all(
    (['working', 'stopped', 'paused'] as const).map((status) => store.list({ status, limit: 1_000 })),
  )
  const message = `${paused!.length} wait at a gate, ${stopped!.length} stopped, ${working!.length} in work or interrupted`
  if (stopped!.length + working!.length === 0) return { check, status: 'ok', message }
  return {
    check,
    status: 'warn',
    message,
    next: 'cutter run list --status stopped, or --status working; cutter run resume <run>',
  }
}

/** `-Y` came with OpenSSH 8.0 and verifies reliably from 8.9 on. */
function sshKeygen(): Finding {
  const check = 'ssh-keygen'
  const install = 'Debian and Ubuntu: apt-get install openssh-client; elsewhere: openssh'
  const asked = spawnSync('ssh-keygen', ['-Y', 'check-novalidate', '-n', 'cutter', '-s', '/dev/null'], {
    input: '',
    encoding: 'utf8',
  })
  if (asked.error !== undefined) {
    return { check, status: 'warn', message: 'not found: live runs can’t be approved here', next: install }
  }
  if (/illegal option|unknown option|Unsupported/i.test(asked.stderr)) {
    return { check, status: 'warn', message: 'too old to check signatures (-Y)', next: install }
  }
  return { check, status: 'ok', message: 'signs and checks signatures' }
}

function pgDump(): Finding {
  const check = 'pg_dump'
  const [dump, restore] = ['pg_dump', 'pg_restore'].map((name) =>
    spawnSync(name, ['--version'], { encoding: 'utf8' }),
  )
  if (dump!.error === undefined && restore!.error === undefined)
    return { check, status: 'ok', message: dump!.stdout.trim() }
  return {
    check,
    status: 'warn',
    message: 'not found, or pg_restore not: migrations can’t be backed up here',
    next: 'Debian and Ubuntu: apt-get install postgresql-client; elsewhere: PostgreSQL’s client tools',
  }
}

function allowedSigners({ parts }: App): Finding {
  const check = 'approvers'
  const { allowedSigners: file, revokedKeys } = parts.trust
  if (revokedKeys !== undefined && !existsSync(revokedKeys)) {
    return {
      check,
      status: 'fail',
      message: `${revokedKeys} is configured and missing: every approval is refused`,
      next: 'put the file there, or take approvals.revokedKeys out of cutter.yaml',
    }
  }
  if (existsSync(file)) return { check, status: 'ok', message: file }
  return {
    check,
    status: 'warn',
    message: `${file} is missing: nobody can approve a live run`,
    next: `echo "alice@example.org namespaces=\\"cutter.*\\" $(cat alice.pub)" >> ${shellQuote(file)}`,
  }
}

/** What live runs ask of the files that decide, told before one is refused. */
function decidingFiles({ home, config, parts }: App): Finding {
  const check = 'files that decide'
  const machines = Object.values(config.machines).map((file) => resolve(home, file))
  const fault = parts.filesFault?.(machines) ?? null
  if (fault === null) {
    const asked = config.approvals.strict === 'owner' ? 'nobody but root' : 'nobody but their owner'
    return { check, status: 'ok', message: `${asked} may write them` }
  }
  return { check, status: parts.allowLive ? 'fail' : 'warn', message: fault.message, next: fault.next }
}

async function embeddedServer({ home }: App): Promise<Finding> {
  const check = 'embedded PostgreSQL'
  try {
    const { readEmbeddedStatus } = await import('../targets/embedded/open-embedded.ts')
    const { initialised, running, dataDirectory, pid } = await readEmbeddedStatus({ home })
    const state = running
      ? `runs as process ${pid}`
      : initialised
        ? 'made, not running'
        : 'not made yet; its first use makes it'
    return { check, status: 'ok', message: `${state} (${dataDirectory})` }
  } catch (error) {
    return { check, status: 'warn', message: (error as Error).message }
  }
}

/** A target for migrations alone has none of our tables to look at. */
async function asMigrator(app: App, name: string): Promise<string> {
  const { openMigrationTarget } = await import('../builtin/migration-target.ts')
  const { readServerIdentity } = await import('../effects/migrate/server-identity.ts')
  const context = { runId: 'doctor', signal: app.parts.interrupt } as never
  const { version, role, database } = await (
    await openMigrationTarget({ ...app, env: process.env }, name)
  ).read(context, readServerIdentity)
  return `PostgreSQL ${version}, database ${database} as ${role}, for migrations`
}

async function targets(app: App): Promise<Finding[]> {
  const context = { runId: 'doctor', signal: app.parts.interrupt } as never
  return Promise.all(
    Object.entries(app.config.targets).map(async ([name, { readerUrlEnv }]): Promise<Finding> => {
      const check = `target ${name}`
      try {
        if (readerUrlEnv === undefined) return { check, status: 'ok', message: await asMigrator(app, name) }
        const target = await app.target(name)
        const { survey } = await target.survey(context, '')
        const { wrong } = await target.grantFacts(context)
        const fits = wrong.length === 0 && survey.grantMatrixDigest === target.expectedGrantMatrixDigest
        if (fits)
          return { check, status: 'ok', message: `PostgreSQL ${survey.server.version}, grants as expected` }
        const next = `cutter target survey ${name}`
        return {
          check,
          status: 'fail',
          message: `its grants are not as expected: ${wrong.join('; ') || survey.grantMatrixDigest}`,
          next,
        }
      } catch (error) {
        const next = error instanceof Stop ? error.facts.next : (error as { next?: string }).next
        return {
          check,
          status: 'fail',
          message: (error as Error).message,
          ...(next === undefined ? {} : { next }),
        }
      }
    }),
  )
}
