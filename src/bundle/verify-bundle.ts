import { findAbandonment, type UnsettledWrite } from '../domain/begun-writes.ts'
import { NotJsonError } from '../domain/json.ts'
import type { Mode, Outcome } from '../domain/run.ts'
import { TRUSTED_TOOLS } from '../tools/open-tools.ts'
import { type BundleFault, bundleFault } from './bundle-fault.ts'
import type { BundleFormat } from './bundle-format.ts'
import { REPORT } from './bundle-paths.ts'
import { findAbandonmentFault } from './check-abandonment.ts'
import { checkApprovals } from './check-approvals.ts'
import { checkCloseout } from './check-closeout.ts'
import { checkGates, type FindRequiredGates, type GATES_UNKNOWN } from './check-gates.ts'
import { describeOtherPage } from './check-page.ts'
import {
  findChainFault,
  findEvidenceFault,
  findFileFault,
  findManifestFault,
  findNameFault,
  findPlanFault,
  findRunFault,
  findSnapshotFault,
  findVerifyTextFault,
} from './check-record.ts'
import type { CheckedApproval } from './checked-approval.ts'
import type { CheckerTrust } from './checker-trust.ts'
import { findFormat } from './find-format.ts'
import { listUnmet, type Requirements } from './requirements.ts'
import type { RenderPage, RunRecord } from './run-record.ts'
import { type SignedRange, signedRanges, verdictNotes } from './signed-ranges.ts'
import { type Files, unpackTar } from './tar.ts'
import { checkTimes, listUnprovenTimes, type ProofOfTime, type TimeTrust } from './when/check-times.ts'

/** What a checker learns from a bundle. The facts of the run are proven only when `holds` is true. */
export interface Verdict {
  holds: boolean
  firstFault: BundleFault | null
  /** The format of the bundle; null when it was not read that far. */
  format: number | null
  runId: string | null
  machine: string | null
  mode: Mode | null
  /** Null for an open run. A success counts only with the gates that its definition requires. */
  outcome: Outcome | typeof GATES_UNKNOWN | null
  /** The gates that the definition of the run requires for its outcome; null when the definition is unknown, or the bundle does not hold. */
  requiredGates: string[] | null
  /** Requirements of the checker that are unmet, as sentences. */
  unmet: string[]
  entries: number
  /** Writes of which an abandoned run does not know whether they were committed. */
  unsettledWrites: UnsettledWrite[]
  ranges: SignedRange[]
  approvals: CheckedApproval[]
  /** Proofs that approvals and the closeout existed at a time. */
  times: ProofOfTime[]
  notes: string[]
}

/** By what a bundle is checked. */
export interface VerifyOptions {
  trust: CheckerTrust
  requirements: Requirements
  findRequiredGates: FindRequiredGates
  /** Whom the checker believes about time. Left out: nobody. */
  times?: TimeTrust | undefined
  /** Makes the page about a run again. Left out: the page is not checked. */
  renderPage?: RenderPage | undefined
}

const NOBODY: TimeTrust = { authorities: null, witnesses: null, tools: TRUSTED_TOOLS }

/** Checks for integrity alone: nobody is trusted, and nothing is required. */
export const INTEGRITY_ONLY: Omit<VerifyOptions, 'findRequiredGates'> = {
  trust: { signers: null, revoked: null },
  requirements: { gates: [], trusted: false, origins: null },
}

/**
 * Checks the bytes of an evidence bundle, and names the first fault. Needs only ssh-keygen and the checker's own files.
 *
 * @throws TOOL_MISSING when there is a signature to check and no ssh-keygen.
 */
export async function verifyBundle(tar: Buffer, options: VerifyOptions): Promise<Verdict> {
  try {
    return await verify(tar, options)
  } catch (error) {
    // Only a forged bundle nests its JSON deeper than the stack, or has a number such as 1e999, which no canonical JSON holds.
    if (!(error instanceof RangeError || error instanceof NotJsonError)) throw error
    return broken(
      bundleFault('FILE_UNREADABLE', null, `its JSON can't be read: ${error.message}`),
      null,
      null,
    )
  }
}

async function verify(tar: Buffer, options: VerifyOptions): Promise<Verdict> {
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
  return verifyRecord(files, read.record, format, options)
}

async function verifyRecord(
  files: Files,
  record: RunRecord,
  format: BundleFormat,
  options: VerifyOptions,
): Promise<Verdict> {
  const byRecord =
    findFileFault(files, record, format) ??
    findNameFault(record) ??
    findRunFault(record) ??
    findChainFault(record) ??
    findSnapshotFault(record) ??
    findPlanFault(record) ??
    findEvidenceFault(record) ??
    findAbandonmentFault(record)
  if (byRecord !== null) return broken(byRecord, format.format, record)

  const approvals = await checkApprovals(record, options.trust)
  if (approvals.fault !== null) return broken(approvals.fault, format.format, record)
  const gates = checkGates(record, approvals.approvals, options.findRequiredGates)
  if (gates.fault !== null) return broken(gates.fault, format.format, record)
  const closeout = await checkCloseout(record, options.trust)
  if (closeout.fault !== null) return broken(closeout.fault, format.format, record)
  const byText = findVerifyTextFault(files, record, format)
  if (byText !== null) return broken(byText, format.format, record)

  const facts = { ...factsOf(record), outcome: gates.outcome, approvals: approvals.approvals }
  const ranges = signedRanges(facts.entries, facts.approvals, closeout.ends)
  const { mode } = record.genesis
  const { times: believed = NOBODY, renderPage } = options
  const times = await checkTimes(record, believed)
  const counted = facts.approvals.filter((one) => one.counted).map(({ approvalId }) => approvalId)
  const otherPage = renderPage === undefined ? null : await describeOtherPage(record, renderPage)
  return {
    holds: true,
    firstFault: null,
    format: format.format,
    ...facts,
    unsettledWrites: findAbandonment(record.history)?.unsettledWrites ?? [],
    requiredGates: gates.requiredGates,
    unmet: [
      ...listUnmet(options.requirements, { ...facts, mode, ranges }),
      ...listUnprovenTimes(record, counted, times, believed),
    ],
    ranges,
    times,
    notes: [
      ...verdictNotes(record, facts.approvals, ranges, {
        withSigners: options.trust.signers !== null,
        areGatesKnown: gates.requiredGates !== null,
        checkedParts: [...times.map(({ path }) => path), ...(renderPage === undefined ? [] : [REPORT])],
      }),
      ...(otherPage === null ? [] : [otherPage]),
    ],
  }
}

function broken(firstFault: BundleFault, format: number | null, record: RunRecord | null): Verdict {
  const nothing = {
    requiredGates: null,
    unmet: [],
    unsettledWrites: [],
    ranges: [],
    approvals: [],
    times: [],
    notes: [],
  }
  return { holds: false, firstFault, format, ...factsOf(record), ...nothing }
}

function factsOf(record: RunRecord | null) {
  if (record === null) return { runId: null, machine: null, mode: null, outcome: null, entries: 0 }
  const { genesis, run, history } = record
  const { runId, machine, mode } = genesis
  return { runId, machine, mode, outcome: run.outcome, entries: history.length }
}
