import type { Approval } from '../../domain/approval.ts'
import type { ExecutionSwitch, SingleWrite } from '../run-store.ts'
import { messageRow } from '../sqlite/message-rows.ts'
import { approvalRow } from '../sqlite/row-mapping.ts'
import type { Connections } from './connections.ts'
import { runStatements, type Sql } from './run-statement.ts'
import { toStoreError } from './store-errors.ts'

/** By which entries of the hold, and settings of the switch, are recorded one after another: the last one decides. */
const HOLD = 1
const SWITCH = 2

/** Saves a write that belongs to no step in a transaction of its own. Answers whether it changed anything. */
export async function writeSingle(connections: Connections, write: SingleWrite): Promise<boolean> {
  try {
    return await connections.transaction((query) => writeBy(runStatements(query), write))
  } catch (error) {
    throw toStoreError(error)
  }
}

async function writeBy(sql: Sql, write: SingleWrite): Promise<boolean> {
  if ('approval' in write) return (await sql.run('insertApproval', approvalValues(write.approval))) > 0
  if ('closeoutSignature' in write) {
    const { runId, kind, signer, statementText, signature, publicKey, at } = write.closeoutSignature
    const row = { run_id: runId, kind, signer, statement_text: statementText, signature, at }
    return (await sql.run('insertCloseoutSignature', { ...row, public_key: publicKey })) > 0
  }
  if ('holdEntry' in write) {
    await sql.get('lockDecisions', { which: HOLD })
    const changes = await sql.run('insertHold', { ...write.holdEntry })
    for (const message of write.messages) await sql.run('insertMessage', messageRow(message))
    return changes > 0
  }
  return (await sql.run('rememberModule', { ...write.machineModule, moved: write.moved ? 1 : 0 })) > 0
}

/** Records a setting of the execution switch. */
export async function setSwitch(connections: Connections, setting: ExecutionSwitch): Promise<void> {
  await connections.transaction(async (query) => {
    const sql = runStatements(query)
    await sql.get('lockDecisions', { which: SWITCH })
    await sql.run('insertSwitch', { ...setting, enabled: setting.enabled ? 1 : 0 })
  })
}

/** The values of `insertApproval`: the row, with what filters read of its statement. */
export function approvalValues(approval: Approval) {
  const { approver, seq, expiresAt, reviewDecisionId } = approval.statement
  return {
    ...approvalRow(approval),
    approver,
    statement_seq: seq,
    expires_at: expiresAt,
    review_decision_id: reviewDecisionId ?? null,
  }
}
