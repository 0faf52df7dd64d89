import type { Mode, Outcome } from '../domain/run.ts'
import { type BundleFault, bundleFault } from './bundle-fault.ts'
import type { BundleFormat } from './bundle-format.ts'
import { checkApprovals } from './check-approvals.ts'
import { type CheckedCloseoutSignature, checkCloseout } from './check-closeout.ts'
import {
  findChainFault,
  findEvidenceFault,
  findFileFault,
  findManifestFault,
  findPlanFault,
  findRunFault,
  findSnapshotFault,
  findVerifyTextFault,
} from './check-record.ts'
import type { CheckedApproval } from './checked-approval.ts'
import { findFormat } from './find-format.ts'
import type { RunRecord } from './run-record.ts'
import { type SignedRange, signedRanges, verdictNotes } from './signed-ranges.ts'
import { type Files, unpackTar } from './tar.ts'

/** What a checker learns from a bundle. The facts of the run are proven only when `holds` is true. */
export interface Verdict {
  holds: boolean
  firstFault: BundleFault | null
  /** The format of the bundle; null when it was not read that far. */
  format: number | null
  runId: string | null
  machine: string | null
  mode: Mode | null
  outcome: Outcome | null
  entries: number
  ranges: SignedRange[]
  approvals: CheckedApproval[]
  notes: string[]
}

/**
 * Checks the bytes of an evidence bundle, and names the first fault. Needs only ssh-keygen and the checker's own `allowed_signers`
 * (null: nobody is trusted).
 *
 * @throws TOOL_MISSING when there is a signature to check and no ssh-keygen.
 */
export async function verifyBundle(tar: Buffer, signersFile: string | null): Promise<Verdict> {
  try {
    return await verify(tar, signersFile)
  } catch (error) {
    // Only a forged bundle nests its JSON deeper than the stack.
    if (!(error instanceof RangeError)) throw error
    return broken(
      bundleFault('FILE_UNREADABLE', null, `its JSON can't be read: ${error.message}`),
      null,
      null,
    )
  }
}

async function verify(tar: Buffer, signersFile: string | null): Promise<Verdict> {
  const unpacked = await unpackTar(tar)
  if ('fault' in unpacked)
    return broken(
      bundleFault('TAR_NOT_CANONICAL', unpacked.file, `the tar was altered: ${unpacked.fault}`),
      null,
      null,
    )
  const { files } = unpacked
  const byManifest = findManifestFault(files)
  if (byManifest !== null) return broken(byManifest, null, null)
  const found = findFormat(files)
  if ('fault' in found) return broken(found.fault, null, null)
  const { format } = found
  const read = format.readRecord(files)
  if ('fault' in read) return broken(read.fault, format.format, null)
  return verifyRecord(files, read.record, format, signersFile)
}

async function verifyRecord(
  files: Files,
  record: RunRecord,
  format: BundleFormat,
  signersFile: string | null,
): Promise<Verdict> {
  const byRecord =
    findFileFault(files, record, format) ??
    findRunFault(record) ??
    findChainFault(record) ??
    findSnapshotFault(record) ??
    findPlanFault(record) ??
    findEvidenceFault(record)
  if (byRecord !== null) return broken(byRecord, format.format, record)

  const approvals = await checkApprovals(record, signersFile)
  if (approvals.fault !== null) return broken(approvals.fault, format.format, record)
  const closeout = await checkCloseout(record, signersFile)
  if (closeout.fault !== null) return broken(closeout.fault, format.format, record)
  const byText = findVerifyTextFault(files, record, format)
  if (byText !== null) return broken(byText, format.format, record)
  return sound(record, format.format, approvals.approvals, closeout.ends, signersFile !== null)
}

function sound(
  record: RunRecord,
  format: number,
  approvals: CheckedApproval[],
  ends: CheckedCloseoutSignature[],
  withSigners: boolean,
): Verdict {
  const ranges = signedRanges(record.history.length, approvals, ends)
  return {
    holds: true,
    firstFault: null,
    format,
    ...factsOf(record),
    ranges,
    approvals,
    notes: verdictNotes(record, approvals, ranges, withSigners),
  }
}

function broken(firstFault: BundleFault, format: number | null, record: RunRecord | null): Verdict {
  return { holds: false, firstFault, format, ...factsOf(record), ranges: [], approvals: [], notes: [] }
}

function factsOf(record: RunRecord | null) {
  if (record === null) return { runId: null, machine: null, mode: null, outcome: null, entries: 0 }
  const { genesis, run, history } = record
  const { runId, machine, mode } = genesis
  return { runId, machine, mode, outcome: run.outcome, entries: history.length }
}
