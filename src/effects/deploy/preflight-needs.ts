import type { Check, Checks } from './checks-file.ts'
import type { HostSession } from './host-session.ts'
import { type PreflightFinding, warn } from './preflight-check.ts'
import { defineRead } from './read-commands.ts'

/** Longest time for one answer, in seconds. */
const SECONDS = 60

/**
 * Asks each `needs` of the checks before there is a plan, so that what a host lacks is found before the approval and not after the
 * transfer. A missing one with a fallback is a warning, and one without a fallback a fault. It runs in the folder above the target, and must
 * only look.
 */
export async function findNeeds(
  session: HostSession,
  parent: string,
  { checks }: Checks,
): Promise<PreflightFinding[]> {
  const findings: PreflightFinding[] = []
  for (const check of checks)
    if (check.needs !== undefined) findings.push(await askNeeds(session, parent, check))
  return findings
}

async function askNeeds(
  session: HostSession,
  parent: string,
  { name, needs = [], fallback }: Check,
): Promise<PreflightFinding> {
  const check = `needs ${name}`
  const command = defineRead(
    check,
    `cd -- "$1" 2>/dev/null || cd /
program=$2; shift 2
(exec timeout ${SECONDS} "$@") </dev/null >/dev/null 2>&1
code=$?
[ "$code" = 0 ] || [ -z "$program" ] || command -v -- "$program" >/dev/null || { echo nowhere; exit 0; }
echo "$code"`,
    parent,
    fallback?.run[0] ?? '',
    ...needs,
  )
  const answer = (await session.text(command)).trim()
  if (answer === '0') return { check, status: 'ok', message: 'is met' }
  const missing = `${needs.join(' ')} does not succeed on the host`
  if (fallback === undefined)
    return { check, status: 'fail', message: `${missing}, and the check has no fallback` }
  if (answer === 'nowhere')
    return { check, status: 'fail', message: `${missing}, and its fallback ${fallback.run[0]} is not there` }
  return warn(check, `${missing}: its fallback ${fallback.run[0]} will run`)
}
