import type { Home } from '../../app/open-home.ts'
import type { Survey } from '../../targets/survey.ts'
import { readTarget } from './read-target.ts'

/** What `target survey --json` prints. */
export interface TargetSurvey extends Survey {
  target: string
  facts: Record<string, boolean>
  wrong: string[]
  grantsMatch: boolean
  transactionId: null
}

/**
 * SqlReader what a run would see of a target, as its reader. `document` counts the rows of a document too; '' counts none.
 * @throws TARGET_NOT_FOUND, TARGET_UNREACHABLE, TARGET_REFUSED
 */
export async function surveyTarget(
  home: Home,
  { target, document }: { target: string; document: string },
): Promise<TargetSurvey> {
  const reading = await readTarget(home, target, document)
  const { survey, facts, wrong, grantsMatch, transactionId } = reading
  return { target, ...survey, facts, wrong, grantsMatch, transactionId }
}
