import type { Stop } from '../domain/errors.ts'
import type { Evidence } from '../domain/evidence.ts'
import type { RunEvent } from '../domain/history-entry.ts'
import type { Json } from '../domain/json.ts'
import type { Step } from '../domain/step.ts'
import type { RunStore } from '../store/run-store.ts'

type Named = { name: string; digest: string }

/**
 * Finds why a run may not wait at the gate at which a step arrives, as the end of a sentence. An approver signs the plan of that gate, so the
 * run must have one, as evidence `plan/<gate>`. Null when the step arrives at no gate, or when the plan is there.
 */
export async function findGatePlanFault(
  store: Pick<RunStore, 'evidenceOf'>,
  { run, entry }: Step,
  evidence: Evidence[],
): Promise<string | null> {
  const { gate, planDigest } = run
  if (run.status !== 'paused' || gate === null || run.gateSeq !== entry.seq) return null
  const wanted = `return planOf('${gate}', { … })`
  if (planDigest === null) return `brings the run to the gate ${gate} without a plan; ${wanted}`
  const isPlan = (one: Named) => one.digest === planDigest
  // A machine may plan long before its gate.
  const brought: Named[] = evidence.filter(isPlan)
  const named = brought.length > 0 ? brought : (await store.evidenceOf(run.runId)).filter(isPlan)
  if (named.some(({ name }) => name === `plan/${gate}`)) return null
  const other = named.find(({ name }) => name.startsWith('plan/'))?.name.slice('plan/'.length)
  const what =
    other === undefined ? `a plan that is no evidence plan/${gate}` : `the plan of another gate, ${other}`
  return `brings the run to the gate ${gate} with ${what}; ${wanted}`
}

/** Makes the outcome of an effect a stop: the same event, with the stop in the place of the output. */
export function stoppedInstead(event: RunEvent, effectDone: string, stop: Stop): RunEvent {
  const { output: _output, ran, ...circumstances } = event
  // A write that is done stays done, whatever its outcome leads to.
  if (event.kind === 'write' && ran !== 'simulate') circumstances.committed = 'yes'
  return { ...circumstances, error: stop.facts as unknown as Json, type: `xstate.error.actor.${effectDone}` }
}
