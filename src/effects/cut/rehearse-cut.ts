import type { Approval, Statement } from '../../domain/approval.ts'
import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { digestOf } from '../../domain/json.ts'
import { serverMessage } from '../../domain/server-message.ts'
import type { Target } from '../../targets/target.ts'
import { enactUnits } from './enact-units.ts'
import { governanceIds } from './governance-ids.ts'
import { type LifecyclePlan, planLifecycle } from './lifecycle-plan.ts'
import type { CutPlan } from './plan.ts'
import { signFinding } from './sign-finding.ts'
import { examineCut, type VerifierFinding } from './verifier.ts'
import { writeGovernance } from './write-governance.ts'
import { readWrittenUnits, writeUnits } from './write-units.ts'

// A live cut is rehearsed to its end before anybody approves it: every write of both gates runs and commits in a rehearsal database, by the
// roles that will write in the target. The database is dropped afterwards.

/** What a rehearsal writes. */
interface Rehearsed {
  plan: CutPlan
  /** The bytes of the source. */
  source: Uint8Array
}

/**
 * Rehearses the calls of leg A in a transaction that is checked as at commit and rolled back, so that the phases of a dry run find the
 * rehearsal database without them.
 *
 * @throws Stop STOP_REHEARSAL_FAILED when a write fails.
 */
export function rehearseLegA(
  copy: Target,
  context: EffectContext,
  { plan, source }: Rehearsed,
): Promise<void> {
  return asRehearsal(context, 'leg A', async () => {
    await copy.rehearse('executor', context, (sql) => writeUnits(sql, context, plan, source))
  })
}

/**
 * Rehearses all writes of a live cut: leg A, leg B, the verifier's and the enactment.
 *
 * @throws Stop STOP_REHEARSAL_FAILED when a write fails.
 */
export async function rehearseCut(copy: Target, context: EffectContext, given: Rehearsed): Promise<void> {
  const { plan, source } = given
  await asRehearsal(context, 'leg A', async () => {
    await copy.write('executor', context, (sql) => writeUnits(sql, context, plan, source))
  })
  const { survey } = await copy.survey(context, plan.document)
  await rehearseEnactment(copy, context, given, planLifecycle(plan, survey.units, survey.surface))
}

/**
 * Rehearses what follows leg A, in a rehearsal database that has its drafts: leg B, the verifier's writes and the enactment. The
 * approvals of the governance rows are labelled as rehearsals.
 *
 * @throws Stop STOP_REHEARSAL_FAILED when a write fails.
 */
export async function rehearseEnactment(
  copy: Target,
  context: EffectContext,
  { plan, source }: Rehearsed,
  lifecycle: LifecyclePlan,
): Promise<void> {
  const sg1 = await rehearsalApproval(context, 'SG1', digestOf(plan)).approval()
  const sg2 = rehearsalApproval(context, 'SG2', digestOf(lifecycle))
  await asRehearsal(context, 'leg B', () =>
    copy.write('executor', context, async (sql) => {
      const written = await readWrittenUnits(sql, plan)
      await writeGovernance(sql, context, { plan, written, approval: sg1! })
    }),
  )
  await asRehearsal(context, 'the verifier’s writes', () =>
    copy.write('verifier', context, async (sql) => {
      const ids = governanceIds(context.runId)
      const finding = await examineCut(sql, { ...ids, source, pinnedSha256: plan.source.sha256 })
      assertPasses(finding)
      await signFinding(sql, context, finding)
    }),
  )
  await asRehearsal(context, 'the enactment', () =>
    copy.write('executor', context, (sql) => enactUnits(sql, sg2, lifecycle)),
  )
}

function assertPasses({ reassembled, arithmetic, facts }: VerifierFinding): void {
  if (reassembled && arithmetic) return
  throw new Error(`the verifier would not pass it: ${JSON.stringify(facts)}`)
}

/** The context of a rehearsed write. Its approval is a stub that says so and grants nothing. */
function rehearsalApproval(context: EffectContext, gate: 'SG1' | 'SG2', planDigest: string): EffectContext {
  const { runId, machine, version, seq } = context
  const issuedAt = context.now().toISOString()
  const statement: Statement = {
    type: 'cutter.approval/v1',
    runId,
    machine,
    version,
    gate,
    seq,
    historyHead: '',
    planDigest,
    decision: 'approve',
    approver: 'rehearsal',
    reason: 'rehearsal',
    issuedAt,
    expiresAt: issuedAt,
    nonce: 'rehearsal',
    reviewDecisionId: `rd-rehearsal-${gate}-${runId}`,
  }
  const approval: Approval = {
    approvalId: `ap-rehearsal-${gate}-${runId}`,
    statement,
    statementText: '',
    importedAt: issuedAt,
    usedSeq: null,
    usedAt: null,
    kind: 'rehearsal',
    signature: null,
  }
  return Object.create(context, { approval: { value: async () => approval } })
}

async function asRehearsal(context: EffectContext, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (error instanceof Stop || context.signal.aborted) throw error
    throw new Stop(
      'STOP_REHEARSAL_FAILED',
      `the rehearsal of the live calls failed at ${what}: ${serverMessage(error)}; the target was not changed by it`,
      { cause: error },
    )
  }
}
