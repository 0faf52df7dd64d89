import type { Home } from '../../app/open-home.ts'
import type { Survey } from '../../targets/survey.ts'
import { readTarget } from './read-target.ts'

/** What `target grants --json` prints. */
export interface TargetGrants {
  target: string
  grantsMatch: boolean
  grantMatrixDigest: string
  expectedDigest: string
  facts: { fact: string; holds: boolean; expected: boolean }[]
  wrong: string[]
}

/**
 * Compares what each role may do in a target with what it must, fact by fact.
 * @throws TARGET_NOT_FOUND, TARGET_UNREACHABLE, TARGET_REFUSED
 */
export async function readTargetGrants(
  home: Home,
  { target }: { target: string },
): Promise<{ grants: TargetGrants; server: Survey['server'] }> {
  const { survey, facts, expectedFacts, expectedDigest, wrong, grantsMatch } = await readTarget(
    home,
    target,
    '',
  )
  const { grantMatrixDigest, server } = survey
  const compared = Object.entries(facts).map(([fact, holds]) => ({
    fact,
    holds,
    expected: expectedFacts[fact]!,
  }))
  const grants = { target, grantsMatch, grantMatrixDigest, expectedDigest, facts: compared, wrong }
  return { grants, server }
}
