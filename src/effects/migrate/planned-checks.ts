import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import type { CheckReach } from './check-reach.ts'
import { distributionQuery } from './migration-checks.ts'
import type { CheckReaches } from './rehearsal-result.ts'

/** How a check is asked on the target, as the plan shows it. */
export interface PlannedCheck {
  /** File and statement, or the name of the distribution. */
  check: string
  /** `as reader shop_reader`, `as owner shop_owner`, `seen on the copy only`, `after the commit, as …`. */
  asked: string
  because?: string
}

/** A check that a target is asked only after the approval, in the transaction that migrates. */
export const COPY_ONLY = 'seen on the copy only'

/**
 * Plans as whom the checks after the commit are asked. The reader asks those that qualify.
 * @param login the login of the preflight checks, such as `reader shop_reader`
 */
export function planVerification(
  { spec, verify, distributions }: MigrationBundle,
  reaches: CheckReaches | undefined,
  { login, owner }: { login: string; owner: string },
): PlannedCheck[] {
  const row = (check: string, reach: CheckReach | undefined): PlannedCheck => {
    const asOwner = { check, asked: `after the commit, as owner ${owner}` }
    if (!login.startsWith('reader ')) return asOwner
    if (reach !== undefined && mayReaderAsk(reach))
      return {
        check,
        asked: `after the commit, as ${login}, or as owner ${owner} where the reader may not read`,
      }
    return reach === undefined ? asOwner : { ...asOwner, because: describeReach(reach) }
  }
  return [
    ...verify.map((_, at) => row(`${spec.verify}, statement ${at + 1}`, reaches?.verify[at])),
    ...distributions.map(({ name }, at) => row(`distribution ${name}`, reaches?.distributions[at])),
  ]
}

/** The texts of the checks that qualify. Earlier versions did not find out which do. */
export function qualifiedTexts(
  { preflight, verify, distributions }: MigrationBundle,
  reaches: CheckReaches | undefined,
): Set<string> {
  const queries = distributions.map(({ sql }) => distributionQuery(sql))
  const qualified = (texts: string[], found: CheckReach[] | undefined) =>
    texts.filter((_, at) => found?.[at]?.refused.length === 0)
  return new Set([
    ...qualified(preflight, reaches?.preflight),
    ...qualified(verify, reaches?.verify),
    ...qualified(queries, reaches?.distributions),
  ])
}

/** Whether the reader asks a check after the commit. Functions of the application run as the owner then, as in the transaction. */
export const mayReaderAsk = ({ refused, functions }: CheckReach) =>
  refused.length === 0 && functions.length === 0

const describeReach = ({ refused, functions }: CheckReach) =>
  refused.length > 0 ? refused.slice(0, 3).join('; ') : `it runs ${functions.join(', ')}`
