import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import { importApproval as importText } from '../../engine/manage-approvals.ts'
import { approvalAnswer, type KeptApproval } from './approval-answer.ts'

export interface ImportApprovalInput {
  /** Path of the statement: the bytes that were signed. */
  statement: string
  /** Path of the signature that `ssh-keygen -Y sign` made of them. */
  signature: string
}

/**
 * Keeps an approval that was signed elsewhere.
 * @throws INPUT_REFUSED when a file can't be read or the statement is not valid, RUN_NOT_FOUND
 * @throws APPROVAL_REFUSED when the signature does not match the statement or the approver may not sign it
 */
export async function importApproval(home: Home, given: ImportApprovalInput): Promise<KeptApproval> {
  const statement = await readText(resolve(home.cwd, given.statement))
  const { deps } = await home.app()
  const { approval, warning } = await importText(
    deps,
    statement,
    await readText(resolve(home.cwd, given.signature)),
  )
  return { approval: approvalAnswer(approval, deps.policy), warning }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new CutterError('INPUT_REFUSED', `can't read ${path}: ${(cause as Error).message}`, { cause })
  }
}
