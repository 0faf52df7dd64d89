import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { parseStatement } from '../../approvals/statement.ts'
import { CutterError } from '../../domain/errors.ts'
import { importApproval as importText } from '../../engine/manage-approvals.ts'
import { assertRole } from '../access/assert-role.ts'
import { pathRefusedError } from '../access/input-files.ts'
import { assertRunInScope } from '../access/scope.ts'
import { approvalAnswer, type KeptApproval } from './approval-answer.ts'

export interface ImportApprovalInput {
  /** The statement: the bytes that were signed. */
  statement: GivenText
  /** The signature that `ssh-keygen -Y sign` made of them. */
  signature: GivenText
}

/** A text, or the path of the file that holds it. Callers of the service send texts. */
export type GivenText = { text: string } | { file: string }

/**
 * Keeps an approval that was signed elsewhere.
 * @throws INPUT_REFUSED when a file can't be read or the statement is not valid, RUN_NOT_FOUND
 * @throws ACCESS_REFUSED for a read-only link
 * @throws APPROVAL_REFUSED when the signature does not match the statement or the approver may not sign it
 */
export async function importApproval(home: Home, given: ImportApprovalInput): Promise<KeptApproval> {
  assertRole(home, 'import approvals')
  const statement = await readGivenText(home, given.statement)
  await assertRunInScope(home, parseStatement(statement).runId)
  const { deps } = await home.app()
  const { approval, warning } = await importText(deps, statement, await readGivenText(home, given.signature))
  return { approval: approvalAnswer(approval, deps.policy), warning }
}

/**
 * Reads a text that a caller names.
 * @throws INPUT_REFUSED when it can't be read
 */
export async function readGivenText({ cwd, caller, sent }: Home, given: GivenText): Promise<string> {
  if ('text' in given) return given.text
  const text = sent?.(given.file, 'text') ?? null
  if (text !== null) return text
  if (caller !== null) throw pathRefusedError('a file', given.file)
  const path = resolve(cwd, given.file)
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new CutterError('INPUT_REFUSED', `can't read ${path}: ${(cause as Error).message}`, { cause })
  }
}
