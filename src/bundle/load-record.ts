import { findAbandonment } from '../domain/begun-writes.ts'
import { CutterError } from '../domain/errors.ts'
import { findHistoryFault } from '../domain/history.ts'
import { findEvidenceNameFault, listNamedEvidence } from '../domain/history-facts.ts'
import { digestOfBytes } from '../domain/json.ts'
import { isLost } from '../domain/lost-evidence.ts'
import type { Run } from '../domain/run.ts'
import type { RunStore } from '../store/run-store.ts'
import { byCodeUnit } from './bundle-paths.ts'
import { readRunFacts } from './run-facts.ts'
import {
  findNamedApprovals,
  findPassageFault,
  genesisFacts,
  type RunRecord,
  recordedApproval,
  type SignedCloseout,
  wordingFor,
} from './run-record.ts'

/**
 * Loads the record of a run from its store, without the bytes of its evidence.
 *
 * @throws STORE_TAMPERED with the first fault, because nobody may sign a record that does not hold.
 */
export async function loadRecord(store: RunStore, run: Run): Promise<RunRecord> {
  const history = await store.history(run.runId)
  const genesis = genesisFacts(run, history)
  const lost = findAbandonment(history)?.lostEvidence ?? []
  const fault =
    findHistoryFault(run, history) ??
    findEvidenceNameFault(history, [...(await store.evidenceOf(run.runId)), ...lost])
  if (fault !== null) throw brokenRecordError(run, fault)
  const facts = readRunFacts(genesis, history, run.snapshot)
  if (facts === null) throw brokenRecordError(run, 'its snapshot is not one of Cutter')
  const named = new Set(history.flatMap(({ event }) => findNamedApprovals(event)))
  const approvals = (await store.approvals(run.runId)).filter(({ approvalId }) => named.has(approvalId))
  const record = {
    genesis,
    run: facts,
    history,
    snapshot: run.snapshot,
    evidence: listNamedEvidence(history),
    bytes: new Map<string, Uint8Array>(),
    approvals: approvals.map(recordedApproval).sort((a, b) => byCodeUnit(a.approvalId, b.approvalId)),
    closeout: await closeoutOf(store, run.runId),
    unsettledWrites: findAbandonment(history)?.unsettledWrites ?? [],
    optionalParts: new Map<string, Uint8Array>(),
  }
  const passageFault = findPassageFault(record)
  if (passageFault !== null) throw brokenRecordError(run, passageFault)
  return { ...record, instructions: wordingFor(record) }
}

/**
 * The same record with the bytes of its evidence.
 *
 * @throws STORE_TAMPERED when the bytes of an evidence do not have its digest.
 */
export async function withEvidenceBytes(store: RunStore, run: Run, record: RunRecord): Promise<RunRecord> {
  const bytes = new Map<string, Uint8Array>()
  const lost = findAbandonment(record.history)?.lostEvidence ?? []
  for (const { seq, name, digest } of record.evidence) {
    if (isLost(lost, { seq, name })) continue
    const found = bytes.get(digest) ?? (await store.evidence(digest))
    if (found === null || digestOfBytes(found) !== digest)
      throw brokenRecordError(run, `the evidence ${name} was edited`)
    bytes.set(digest, found)
  }
  return { ...record, bytes }
}

async function closeoutOf(store: RunStore, runId: string): Promise<SignedCloseout | null> {
  const [first, ...others] = await store.closeoutSignatures(runId)
  if (first?.kind !== 'instance') return null
  const { statementText: text, signer, publicKey, signature, at } = first
  const countersigned = others
    .map((other) => ({
      text: other.statementText,
      signer: other.signer,
      signature: other.signature,
      at: other.at,
    }))
    .sort((a, b) => byCodeUnit(a.signer, b.signer))
  return { text, instance: { signer, publicKey, signature, at }, countersigned }
}

function brokenRecordError({ runId }: Run, what: string): CutterError {
  return new CutterError('STORE_TAMPERED', `the record of run ${runId} does not hold: ${what}`, {
    next: 'compare with a backup of the store',
    data: { runId },
  })
}
