import { AGENT_ANSWERS } from './agent-answers.ts'
import { APPROVAL_ANSWERS } from './approval-answers.ts'
import { BUNDLE_ANSWERS } from './bundle-answers.ts'
import { DOCUMENT_ANSWERS } from './document-answers.ts'
import { MIGRATION_ANSWERS } from './migration-answers.ts'
import { OTHER_ANSWERS } from './other-answers.ts'
import { PAGE_ANSWERS } from './page-answers.ts'
import type { Answers } from './parts.ts'
import { RUN_ANSWERS } from './run-answers.ts'
import { SERVICE_ANSWERS } from './service-answers.ts'
import { STORE_ANSWERS } from './store-answers.ts'

/**
 * What `--json` prints, by the name of the schema file. Fields may be added later and are never removed or renamed, so the schema files
 * accept other fields too; here they are refused, so that a new field is documented. test/docs/json-answers.test.ts compares with what the program prints, and the API of the
 * service is described by them.
 */
export const ANSWERS: Answers = {
  ...RUN_ANSWERS,
  ...BUNDLE_ANSWERS,
  ...APPROVAL_ANSWERS,
  ...SERVICE_ANSWERS,
  ...DOCUMENT_ANSWERS,
  ...MIGRATION_ANSWERS,
  ...OTHER_ANSWERS,
  ...STORE_ANSWERS,
  ...PAGE_ANSWERS,
  ...AGENT_ANSWERS,
}
