import type { Command } from 'commander'
import type { Finding } from '../service/doctor.ts'
import { printAnswer } from './answers.ts'
import { action, defineCommand, type GlobalOptions } from './define-command.ts'
import { inHome } from './session.ts'

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
  ).action(action(doctor))
}

function doctor(options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { examineInstallation } = await import('../service/doctor.ts')
    const findings = io.redact(await examineInstallation(home))
    printAnswer(io, findings, () => findings.flatMap(linesOfFinding))
    return findings.some(({ status }) => status === 'fail') ? 1 : 0
  })
}

const MARKS = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' }

function linesOfFinding({ check, status, message, next }: Finding): string[] {
  const line = `${MARKS[status]}  ${check}: ${message}`
  return next === undefined ? [line] : [line, `      next: ${next}`]
}
