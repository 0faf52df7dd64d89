import type { SingleWrite } from '../run-store.ts'
import { messageRow } from './message-rows.ts'
import type { Row } from './row.ts'
import { approvalRow, closeoutSignatureRow } from './row-mapping.ts'
import type { StatementName } from './statements.ts'

/** A write that belongs to no step, as the statement that does it and what that binds. */
export interface SingleStatement {
  statement: StatementName
  values: Row
  /** What belongs to it. It does not decide whether anything was changed. */
  also?: { statement: StatementName; values: Row }[]
}

/** The statement of a write that belongs to no step. */
export function singleStatement(write: SingleWrite): SingleStatement {
  if ('approval' in write) return { statement: 'insertApproval', values: approvalRow(write.approval) }
  if ('closeoutSignature' in write)
    return { statement: 'insertCloseoutSignature', values: closeoutSignatureRow(write.closeoutSignature) }
  if ('holdEntry' in write) {
    const { holdEntry, messages } = write
    const also = messages.map((message) => ({
      statement: 'insertMessage' as const,
      values: messageRow(message),
    }))
    return { statement: 'insertHold', values: holdEntry as unknown as Row, also }
  }
  return { statement: 'rememberModule', values: { ...write.machineModule, moved: write.moved ? 1 : 0 } }
}
