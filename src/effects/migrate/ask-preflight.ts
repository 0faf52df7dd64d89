import type { EffectContext } from '../../domain/effect.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import type { ServerIdentity } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import { digestCallDefinitions } from './call-definitions.ts'
import { type CheckLogin, withCheckLogin } from './check-login.ts'
import type { CheckReach } from './check-reach.ts'
import type { MigrateDeps } from './deps.ts'
import { type CheckResult, failRepeatedNames, resultsOf } from './migration-checks.ts'
import { COPY_ONLY, type PlannedCheck } from './planned-checks.ts'
import type { CheckReaches, RehearsalResult } from './rehearsal-result.ts'

type Deps = Pick<MigrateDeps, 'openDatabase' | 'openReader'>

interface Given {
  target: string
  identity: ServerIdentity
  bundle: MigrationBundle
}

/**
 * Asks the target the preflight checks that qualify, before an approval. The others have the results of the rehearsal.
 * @returns how each check is asked, for the plan, and the results of all
 */
export async function askPreflight(
  deps: Deps,
  context: EffectContext,
  { bundle, rehearsal, ...given }: Given & { rehearsal: RehearsalResult },
): Promise<{ login: string; planned: PlannedCheck[]; results: CheckResult[] }> {
  const { statementTimeoutSeconds } = bundle.spec
  return withCheckLogin(deps, context, { ...given, statementTimeoutSeconds }, async (login, ask, sql) => {
    const other = await findOtherCalls(sql, rehearsal.reaches)
    const planned: PlannedCheck[] = []
    const results: CheckResult[] = []
    for (const [index, text] of bundle.preflight.entries()) {
      const number = index + 1
      const check = `${bundle.spec.preflight}, statement ${number}`
      const reach = rehearsal.reaches?.preflight[index]
      const why = other ?? whyNotAsked(reach, login)
      const answer = why === null ? await ask(text) : { unanswered: why }
      if ('rows' in answer) {
        planned.push({ check, asked: `as ${login.name}`, ...runsNamed(reach) })
        results.push(...resultsOf(number, answer.rows))
      } else {
        planned.push({ check, asked: COPY_ONLY, because: answer.unanswered })
        results.push(...seenOnCopy(rehearsal.preflight, number))
      }
    }
    return { login: login.name, planned, results: failRepeatedNames(results) }
  })
}

/** Asks the target once more what the plan says that it is asked. A check that it no longer answers fails. */
export async function askPreflightAgain(
  deps: Deps,
  context: EffectContext,
  {
    bundle,
    planned,
    reaches,
    ...given
  }: Given & { planned: PlannedCheck[]; reaches: CheckReaches | undefined },
): Promise<CheckResult[]> {
  const { statementTimeoutSeconds } = bundle.spec
  return withCheckLogin(deps, context, { ...given, statementTimeoutSeconds }, async (login, ask, sql) => {
    const other = await findOtherCalls(sql, reaches)
    const results: CheckResult[] = []
    for (const [index, text] of bundle.preflight.entries()) {
      if ((planned[index]?.asked ?? COPY_ONLY) === COPY_ONLY) continue
      const why = other ?? whyNotAsked(reaches?.preflight[index], login)
      const answer = why === null ? await ask(text) : { unanswered: why }
      results.push(...resultsOf(index + 1, 'rows' in answer ? answer.rows : answer.unanswered))
    }
    return failRepeatedNames(results)
  })
}

/** Returns why no check is asked where operators, casts or aggregates call other functions than in the rehearsal, or null. */
async function findOtherCalls(sql: Sql, reaches: CheckReaches | undefined): Promise<string | null> {
  if (reaches === undefined || reaches.calls === (await digestCallDefinitions(sql))) return null
  return 'operators, casts or aggregates of the target call other functions than in the rehearsal'
}

/** Returns why a check is not asked before the approval, or null. */
function whyNotAsked(reach: CheckReach | undefined, login: CheckLogin): string | null {
  if (reach === undefined) return 'an earlier version of Cutter rehearsed this run'
  if (reach.refused.length > 0) return reach.refused.slice(0, 3).join('; ')
  if (reach.functions.length === 0 || login.objection === null) return null
  return `it runs ${reach.functions.join(', ')}, and ${login.objection}`
}

const runsNamed = (reach: CheckReach | undefined) =>
  reach === undefined || reach.functions.length === 0
    ? {}
    : { because: `it runs ${reach.functions.join(', ')}, which bundle.yaml names` }

/** Results that an earlier version stored have no number of their statement. Then all are kept, once. */
function seenOnCopy(rehearsed: CheckResult[], number: number): CheckResult[] {
  const of = rehearsed.filter(({ statement }) => (statement ?? 1) === number)
  return of.map((result) => ({ ...result, seen: 'copy' as const }))
}
