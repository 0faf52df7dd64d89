import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { findRequiredGates } from '../../builtin/required-gates.ts'
import { loadRecord } from '../../bundle/load-record.ts'
import { INTEGRITY_ONLY, verifyBundle } from '../../bundle/verify-bundle.ts'
import { removeKeptProofs } from '../../bundle/when/kept-proofs.ts'
import { type BundleDeps, writeBundle } from '../../bundle/write-bundle.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Run } from '../../domain/run.ts'
import { loadRun } from '../../engine/load-run.ts'
import { reportFolder } from '../../reports/report-folder.ts'
import { eachRun } from '../../store/each-run.ts'
import { makeOutputFolder } from '../write-output.ts'

/** Removes closed runs from a store, each after its evidence bundle was written, read and verified. */

export interface PruneResult {
  runId: string
  closedAt: string
  /** Null when the run was only listed. */
  bundle: string | null
  bundleDigest: string | null
}

interface PrunableRuns {
  runs: Run[]
  /** A sentence for each run that can't be trusted. Such runs stay. */
  faults: string[]
}

/** Closed runs that ended before a time, oldest first. */
export async function findPrunableRuns(
  { store }: Pick<BundleDeps, 'store'>,
  before: Date,
): Promise<PrunableRuns> {
  const faults: string[] = []
  const onTampered = ({ message }: Error) => void faults.push(message)
  // What closed before a time was started before it, and an index finds that.
  const closed = eachRun(store, { status: 'closed', until: before.toISOString(), onTampered })
  const ended: string[] = []
  for await (const { runId, updatedAt } of closed)
    if (Date.parse(updatedAt) < before.getTime()) ended.push(runId)
  const runs: Run[] = []
  for (const runId of ended.reverse()) {
    try {
      runs.push(await loadRun({ store }, runId))
    } catch (error) {
      if (!(error instanceof CutterError)) throw error
      faults.push(error.message)
    }
  }
  return { runs, faults }
}

/**
 * Prunes one run. After a crash the same call completes it: an existing bundle file must be the bundle of this run.
 *
 * @throws INPUT_REFUSED when the bundle can't be written or does not verify, STORE_CONFLICT when the run changed in the meantime.
 */
export async function pruneRunIntoBundle(
  deps: BundleDeps,
  home: string,
  run: Run,
  { into, by }: { into: string; by: string },
): Promise<PruneResult> {
  const { store, clock } = deps
  const { runId, machine, mode, outcome, startKey, seq, head, updatedAt: closedAt } = run
  makeOutputFolder(into, 0o700)
  const bundle = join(into, `${runId}.tar`)
  const bundleDigest = await writeAndVerify(deps, run, bundle)
  const record = await loadRecord(store, run)
  await store.prune({
    runId,
    machine,
    mode,
    outcome: outcome!,
    startKey,
    seq,
    head,
    closedAt,
    by,
    bundleDigest,
    prunedAt: clock.now().toISOString(),
  })
  await removeKeptProofs(deps.folder, record)
  // Its reports would look like those of a run that the store has lost.
  rmSync(reportFolder(home, runId), { recursive: true, force: true })
  return { runId, closedAt, bundle, bundleDigest }
}

async function writeAndVerify(deps: BundleDeps, run: Run, bundle: string): Promise<string> {
  const made = existsSync(bundle) ? `${bundle}.again` : bundle
  rmSync(`${bundle}.again`, { force: true })
  const { digest } = await writeBundle(deps, run, made)
  const bytes = readFileSync(bundle)
  if (made !== bundle) rmSync(made)
  const found = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const { holds, firstFault } = await verifyBundle(bytes, { ...INTEGRITY_ONLY, findRequiredGates })
  if (found === digest && holds) return digest
  const why = holds ? 'it is another file' : firstFault!.message
  throw new CutterError(
    'INPUT_REFUSED',
    `${bundle} is not the bundle of run ${run.runId}: ${why}; the run was not pruned`,
    {
      next: 'name another folder with --into',
    },
  )
}
