import type { Home } from '../../app/open-home.ts'
import { describeUnsettled } from '../../domain/begun-writes.ts'
import { describeLost } from '../../domain/lost-evidence.ts'
import type { Io } from '../io.ts'

/**
 * Prints on stderr, in words, what a statement with the decision `abandon` abandons. The statement itself has only the digest of that list.
 */
export async function printAbandoned(
  home: Home,
  io: Io,
  statement: { runId: string; decision: string; planDigest: string },
): Promise<void> {
  const { runId, decision, planDigest } = statement
  if (decision !== 'abandon') return
  const { readAbandoned } = await import('../../service/approvals/abandoned.ts')
  const found = await readAbandoned(home, { run: runId, planDigest })
  if (found === null) {
    io.err(`cutter: run ${runId} has moved since this statement was made, which does not count any more`)
    return
  }
  const { unsettledWrites: writes, lostEvidence } = found
  const none = 'its record knows of no write whose outcome is unknown'
  const some = 'nobody knows whether these writes were committed, and nobody will ask the target again:'
  io.err(`cutter: the statement ends run ${runId} as abandoned; ${writes.length === 0 ? none : some}`)
  for (const write of writes) io.err(`abandons  ${describeUnsettled(write)}`)
  for (const lost of lostEvidence) io.err(`lost      ${describeLost(lost)}`)
}
