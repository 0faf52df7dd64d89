import type { Checks } from './checks-file.ts'
import type { HostSession } from './host-session.ts'
import { judge, type PreflightFinding } from './preflight-check.ts'
import { listCheckCommands } from './preflight-tools.ts'
import { defineRead } from './read-commands.ts'

/** Asks sudo whether the user may run a command without a password. It runs nothing. */
const askSudo = (argv: string[]) => defineRead('sudo', 'exec sudo -n -l -- "$@" >/dev/null', ...argv)

/** The options of sudo before a command that it lists, and their number of words. */
const WITH_VALUE = /^-(u|g|-user|-group)$/

/**
 * Finds commands of the checks file that run by `sudo` and would not: nobody is there to type a password, so each needs `-n` and a rule for
 * exactly this command.
 */
export async function findSudoFaults(session: HostSession, checks: Checks): Promise<PreflightFinding[]> {
  const findings: PreflightFinding[] = []
  for (const { name, run } of listCheckCommands(checks)) {
    if (run[0] !== 'sudo') continue
    const check = `sudo of ${name}`
    const command = commandOfSudo(run)
    if (command === null) {
      findings.push(judge(check, false, '', 'it has no -n, so that it could ask for a password: sudo -n …'))
      continue
    }
    const { exitCode, stderr } = await session.run(askSudo(command))
    const why = stderr.toString('utf8').trim().split('\n').at(-1)
    const fault = `the user may not run ${command.join(' ')} without a password, by a rule of sudoers${why ? `: ${why}` : ''}`
    findings.push(judge(check, exitCode === 0, `may run ${command.join(' ')}`, fault))
  }
  return findings
}

/** The command of `sudo -n [options] command`; null without -n. */
export function commandOfSudo([, ...words]: string[]): string[] | null {
  let withoutPassword = false
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!
    if (word === '-n' || word === '--non-interactive') withoutPassword = true
    else if (WITH_VALUE.test(word)) at += 1
    else if (word === '--') return withoutPassword ? words.slice(at + 1) : null
    else if (!word.startsWith('-')) return withoutPassword ? words.slice(at) : null
  }
  return null
}
