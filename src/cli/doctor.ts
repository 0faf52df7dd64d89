import type { Command } from 'commander'
import { textInLine } from '../domain/visible.ts'
import type { RunProspect } from '../service/doctor/open-runs.ts'
import type { Finding } from '../service/doctor.ts'
import { printAnswer } from './answers.ts'
import { action, defineCommand, type GlobalOptions } from './define-command.ts'
import { fitLines } from './fit.ts'
import type { Io } from './io.ts'
import { inHome, type Session } from './session.ts'
import { formatTable } from './table.ts'

interface Options extends GlobalOptions {
  runs?: boolean
  cluster?: boolean
}

/**
 * `cutter doctor`: checks tools, store, trusted files and targets before a run needs them. Exit code 1 when a check fails. A warning keeps
 * exit code 0.
 */
export function defineDoctor(program: Command): void {
  defineCommand(
    program,
    'doctor',
    'check that all required tools and settings are present; exit code 1 if a check fails',
    'cutter doctor',
  )
    .option('--runs', 'say what continues each open run; exit code 3 if nothing can continue one')
    .option('--cluster', 'compare the services that share the store in PostgreSQL')
    .action(action(doctor))
}

function doctor(options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    if (options.runs === true) return doctorOfRuns(home, io)
    if (options.cluster === true) return doctorOfCluster(home, io)
    const { examineInstallation } = await import('../service/doctor.ts')
    const findings = io.redact(await examineInstallation(home))
    printAnswer(io, findings, () =>
      fitLines(findings.flatMap(linesOfFinding), { width: io.width, hang: LABEL }),
    )
    return findings.some(({ status }) => status === 'fail') ? 1 : 0
  })
}

async function doctorOfCluster(home: Session['home'], io: Io): Promise<number> {
  const { examineCluster } = await import('../service/doctor/cluster.ts')
  const cluster = io.redact(await examineCluster(home))
  printAnswer(io, cluster, () => [
    ...formatTable(
      ['HOST', 'HOME', 'VERSION', 'STATE', 'SEEN', 'CLOCK'],
      cluster.hosts.map(({ host, home, version, state, seenAt, clockMs }) => [
        ...[host, home.slice(0, 8), version, state, seenAt, `${clockMs < 0 ? '' : '+'}${clockMs} ms`],
      ]),
      io.width,
    ),
    ...fitLines(cluster.findings.flatMap(linesOfFinding), { width: io.width, hang: LABEL }),
  ])
  return cluster.findings.some(({ status }) => status === 'fail') ? 1 : 0
}

async function doctorOfRuns(home: Session['home'], io: Io): Promise<number> {
  const { examineRuns } = await import('../service/doctor/open-runs.ts')
  const runs = io.redact(await examineRuns(home))
  printAnswer(io, runs, () =>
    runs.length === 0
      ? ['no open runs']
      : fitLines(runs.flatMap(linesOfProspect), { width: io.width, hang: LABEL }),
  )
  return runs.some(({ isStranded }) => isStranded) ? 3 : 0
}

const WAKES = {
  approval: 'an approval continues it',
  resume: 'cutter run resume continues it',
  work: 'a process works on it, or the service continues it',
  timer: 'its timer closes it',
}

function linesOfProspect({
  runId,
  about,
  state,
  status,
  gate,
  expiresAt,
  wakes,
  isStranded,
  blockers,
}: RunProspect): string[] {
  const where = gate === null ? state : `${state} (${gate})`
  const until = expiresAt === null ? '' : `, its gate expires at ${expiresAt}`
  const isInterrupted = status === 'working' && wakes === 'resume' && !isStranded
  const next = isInterrupted ? `its process has ended; cutter run resume ${runId} continues it` : WAKES[wakes]
  const head = isStranded ? 'nothing can continue it' : next
  return [
    `${isStranded ? 'FAIL' : isInterrupted ? 'warn' : 'ok  '}  ${runId} at ${where}: ${head}${until}`,
    ...(about === '' ? [] : [`      ${textInLine(about)}`]),
    ...blockers.flatMap(({ reason, message, next }) => [
      `      ${reason}: ${message}`,
      ...(next === null ? [] : [`      next: ${next}`]),
    ]),
  ]
}

/** Where the text of a line begins, behind its mark. */
const LABEL = 6

const MARKS = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' }

function linesOfFinding({ check, status, message, next }: Finding): string[] {
  const line = `${MARKS[status]}  ${check}: ${message}`
  return next === undefined ? [line] : [line, `      next: ${next}`]
}
