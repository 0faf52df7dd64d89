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
  for (const line of lines) io.err(line)
  return planDigest
}
