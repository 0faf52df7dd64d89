import type { RunRecord } from '../../src/bundle/run-record.ts'
import type { Statement } from '../../src/domain/approval.ts'
import { entryMarks } from '../../src/domain/history-facts.ts'

/** Deletes everything that a gate left: its arrival, the decision, the check before the write, and the approval. */
export function withoutGate(record: RunRecord, gate: string): void {
  const gateOf = (text: string) => (JSON.parse(text) as Statement).gate
  const gone = record.approvals.filter(({ statementText }) => gateOf(statementText) === gate)
  const ids = gone.map(({ approvalId }) => approvalId)
  const arrival = record.history.find((entry) => entryMarks(entry).arrival?.gate === gate)!
  const used = record.history.find((entry) => ids.includes(entryMarks(entry).approvalUsed ?? ''))!
  record.history = record.history.filter(({ seq }) => seq < arrival.seq || seq > used.seq)
  record.approvals = record.approvals.filter((approval) => !gone.includes(approval))
}
