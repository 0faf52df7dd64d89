import type { Home } from '../../app/open-home.ts'
import type { Decision } from '../../domain/approval.ts'
import type { Io } from '../io.ts'

/**
 * Prints on stderr what a statement decides: the plan for people. stdout stays free for the statement or the answer. Returns the digest of the plan
 * that was printed.
 */
export async function printPlanToSign(
  { home, io }: { home: Home; io: Io },
  given: { run: string; as: string; decision: Decision },
): Promise<string | null> {
  const { planToSign } = await import('../../service/approvals/plan-to-sign.ts')
  const { lines, planDigest } = await planToSign(home, given)
  // A plan holds no secrets: it would not have been saved. SQL such as `token=lower(s)` is no secret, and must not be hidden.
  for (const line of lines) io.errComplete(line)
  return planDigest
}
