import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { withJoinedSignals } from '../../domain/join-signals.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'

/**
 * The longest time, in seconds, for which a transaction of a migration may hold its locks: each statement of the transaction may take its timeout, and
 * so may the measurement after the last one.
 */
export const lockBoundOf = ({ spec, statements, parts }: MigrationBundle): number => {
  if (parts === undefined)
    return boundFor(spec, statements.filter(({ transactional }) => transactional).length)
  const all = [...parts.before, parts.first, ...parts.after]
  return Math.max(...all.map((part) => boundFor(spec, part.how === 'transaction' ? part.numbers.length : 1)))
}

/** The same for one transaction of so many statements. */
const boundFor = ({ statementTimeoutSeconds }: MigrationBundle['spec'], statements: number): number =>
  statementTimeoutSeconds * (statements + 1)

/**
 * Works in a transaction that is cancelled when it held its locks for too long.
 * @param seconds counted from the call of `begin`
 * @param work works under the given context, and calls `begin` before its first lock
 * @throws STOP_MIGRATION_FAILED after that time; then the transaction was rolled back
 */
export async function withLockBound<T>(
  { runId, signal }: Pick<EffectContext, 'runId' | 'signal'>,
  seconds: number,
  work: (context: Pick<EffectContext, 'runId' | 'signal'>, begin: () => void) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const begin = () => {
    timer = setTimeout(() => deadline.abort(lockedTooLongError(seconds)), seconds * 1_000)
  }
  try {
    const sources = [signal, deadline.signal]
    return await withJoinedSignals({ sources }, (joined) => work({ runId, signal: joined }, begin))
  } catch (error) {
    // The server names a cancelled statement. After any error that is not a stop, the outcome may be unknown.
    throw deadline.signal.aborted && error instanceof Stop ? deadline.signal.reason : error
  } finally {
    clearTimeout(timer)
  }
}

const lockedTooLongError = (seconds: number) =>
  new Stop(
    'STOP_MIGRATION_FAILED',
    `the migration held its locks for ${seconds} s, the most that the plan allows; the transaction was rolled back`,
    {
      data: { mayResume: true },
      next: 'resume the run when fewer sessions use these tables, or raise statementTimeoutSeconds in a new migration bundle',
    },
  )
