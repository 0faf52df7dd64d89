import type { App } from '../../app/open-app.ts'
import { CutterError, noSuchApprovalError } from '../../domain/errors.ts'
import type { RunStore } from '../../store/run-store.ts'
import { readBatchRows } from './batch-answer.ts'
import type { Batch } from './batch-file.ts'

/** How one run of a batch continues: with an approval, or without one after a stop. */
export interface Continuation {
  runId: string
  approvalId?: string
  /** The gate at which the approval decides. */
  gate?: string
}

/**
 * The runs that these approvals continue. An approval that was used already is not an error, because a list may be repeated after a
 * crash: its run continues if it stopped since.
 * @throws APPROVAL_NOT_FOUND, INPUT_REFUSED when an approval is for no run of the batch
 */
export async function continueApproved(
  store: RunStore,
  batch: Batch,
  approvalIds: string[],
): Promise<Continuation[]> {
  const runs = (await readBatchRows(store, batch)).flatMap(({ run }) => run ?? [])
  const found = await Promise.all(
    approvalIds.map(async (approvalId): Promise<Continuation[]> => {
      const approval = await store.approval(approvalId)
      if (approval === null) throw noSuchApprovalError(approvalId)
      const { runId, gate } = approval.statement
      const run = runs.find((one) => one.runId === runId)
      if (run === undefined) throw otherBatchError(approvalId, runId, batch)
      if (approval.usedAt === null) return [{ runId, approvalId, gate }]
      return run.status === 'stopped' || run.status === 'working' ? [{ runId }] : []
    }),
  )
  return found.flat()
}

/** The runs that stopped or were interrupted. */
export async function continueStopped(store: RunStore, batch: Batch): Promise<Continuation[]> {
  const rows = await readBatchRows(store, batch)
  return rows.flatMap(({ run }) =>
    run !== null && (run.status === 'stopped' || run.status === 'working') ? [{ runId: run.runId }] : [],
  )
}

/**
 * Makes a rehearsal approval for each run at a gate, and adds the runs that stopped.
 * @throws USAGE when the batch is live, because live runs refuse rehearsal approvals
 */
export async function continueRehearsed(
  { store, deps }: App,
  batch: Batch,
  as: string,
): Promise<Continuation[]> {
  if (batch.mode === 'live') {
    throw new CutterError(
      'USAGE',
      `batch ${batch.batchId} is live: rehearsal approvals count in dry runs only`,
      {
        next: `cutter approval sign <run> --as <principal> --key <file>, then cutter batch resume ${batch.batchId} --approval <id>`,
      },
    )
  }
  const { rehearseApproval } = await import('../../engine/manage-approvals.ts')
  const continuations: Continuation[] = []
  for (const { run } of await readBatchRows(store, batch)) {
    if (run?.status !== 'paused') continue
    const { approvalId } = await rehearseApproval(deps, run.runId, { as, decision: 'approve', reason: '' })
    continuations.push({ runId: run.runId, approvalId })
  }
  return [...continuations, ...(await continueStopped(store, batch))]
}

const otherBatchError = (approvalId: string, runId: string, { batchId }: Batch) =>
  new CutterError(
    'INPUT_REFUSED',
    `approval ${approvalId} is for run ${runId}, which is not part of batch ${batchId}; nothing was resumed`,
    { next: `cutter batch show ${batchId}` },
  )
