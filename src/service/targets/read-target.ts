import type { Home } from '../../app/open-home.ts'
import { EXPECTED_GRANT_FACTS } from '../../targets/postgres/grant-facts.ts'
import type { Survey } from '../../targets/survey.ts'
import { assertRole } from '../access/assert-role.ts'
import { targetError } from './target-error.ts'

/** What the reader of a target sees. */
interface TargetReading {
  survey: Survey
  /** Null: the server assigned no transaction id, so nothing was written. */
  transactionId: null
  /** Who may do what, fact by fact. */
  facts: Record<string, boolean>
  expectedFacts: Record<string, boolean>
  /** The facts that are not as expected. */
  wrong: string[]
  expectedDigest: string
  grantsMatch: boolean
}

/**
 * SqlReader a target as its reader, in a read-only transaction. `document` counts the rows of a document too; '' counts none.
 * @throws TARGET_NOT_FOUND, TARGET_UNREACHABLE, TARGET_REFUSED
 */
export async function readTarget(home: Home, name: string, document: string): Promise<TargetReading> {
  assertRole(home, 'read targets')
  const app = await home.app()
  const target = await app.target(name)
  const session = { runId: 'survey', signal: app.deps.interrupt }
  try {
    const { survey, transactionId } = await target.survey(session, document)
    const { facts, wrong } = await target.grantFacts(session)
    const { expectedGrantMatrixDigest: expectedDigest } = target
    const grantsMatch = wrong.length === 0 && survey.grantMatrixDigest === expectedDigest
    const expectedFacts = EXPECTED_GRANT_FACTS
    return { survey, transactionId, facts, expectedFacts, wrong, expectedDigest, grantsMatch }
  } catch (error) {
    throw targetError(error)
  }
}
