import type { EffectRequest } from '../domain/effect.ts'
import { Stop } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import { eventStep } from '../machine/transition.ts'
import { RunEffectContext } from './effect-context.ts'
import type { EngineDeps, InstalledMachine } from './engine-deps.ts'

/** How far a statement about the world can be relied on. */
export interface WorldSeen {
  how: 'looked' | 'last-seen'
  /** When the world was seen, ISO 8601. */
  at: string
  /** Why it was not looked at now; null when it was, or when nobody asked for it. */
  why: string | null
  /** Whether it is as the plan says; null when it was not looked at. */
  isAsPlanned: boolean | null
}

/** Ids of real approvals are digests, so no approval has this id. */
export const APPROVED = { type: 'APPROVE', approvalId: 'ap-foreseen', approver: 'foreseen' }

/**
 * Asks the last check of the gate at which a run waits what differs from its plan now, by reads alone. Null when the check cannot be asked
 * without writes. Records nothing.
 */
export async function lookAtWorld(
  deps: EngineDeps,
  installed: InstalledMachine,
  run: Run,
): Promise<{ differences: string[]; fault: string | null } | null> {
  const asked = findLastCheck(installed, run)
  const effect = asked === null ? undefined : installed.effects[asked.name]
  if (asked === null || effect?.kind !== 'read' || effect.look === undefined) return null
  const input = effect.input.safeParse(asked.input)
  if (!input.success) return null
  const row = { ...asked, runId: run.runId, seq: run.seq, owner: null, leaseUntil: null, attempt: 1 }
  const context = new RunEffectContext(deps, run, row, { ...effect, timeoutSeconds: LONGEST_SECONDS })
  const { look } = effect
  try {
    const found = await context.bounded(() => look(context, input.data))
    return { differences: found.map((line) => deps.secrets?.redactText(line) ?? line), fault: null }
  } catch (error) {
    if (deps.interrupt.aborted) throw error
    const message = error instanceof Stop ? error.facts.message : (error as Error).message
    const listed = error instanceof Stop ? error.facts.data?.differences : undefined
    return {
      differences: Array.isArray(listed) ? listed.map(String) : [],
      fault: deps.secrets?.redactText(message) ?? message,
    }
  } finally {
    context.end()
  }
}

/** Whoever asks what a run waits for does not wait for others who hold locks. */
const LONGEST_SECONDS = 30

/** The effect that would run first after an approval. */
function findLastCheck({ machine }: InstalledMachine, run: Run): EffectRequest | null {
  try {
    const { effectsAsked } = eventStep(machine, run, APPROVED, { at: run.updatedAt, by: 'nobody' })
    return effectsAsked[0] ?? null
  } catch {
    return null
  }
}
