import { z } from 'zod'
import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { digestOf } from '../../domain/json.ts'
import { type DeployPlan, planDeploy } from './plan.ts'

/** The part of a run's input that says how a deploy ends. */
export const endingInput = { onFailure: z.enum(['rollback', 'stop']), confirmWithin: z.string().optional() }

/** Seconds from the flag `--confirm-within`; null where it was not given. */
export const parseConfirmSeconds = (confirmWithin: string | undefined) =>
  confirmWithin === undefined ? null : Number.parseInt(confirmWithin, 10)

/**
 * Plans a deploy twice.
 * @throws STOP_PLAN_NOT_DETERMINISTIC when the digests differ, because an approval would not cover the second plan.
 */
export function lockDeployPlan(
  { mode, version }: EffectContext,
  parts: Omit<Parameters<typeof planDeploy>[0], 'mode' | 'machineVersion'>,
): DeployPlan {
  const plan = () => planDeploy({ ...parts, mode, machineVersion: version })
  const [first, second] = [plan(), plan()]
  if (digestOf(first) === digestOf(second)) return first
  throw new Stop('STOP_PLAN_NOT_DETERMINISTIC', 'planning twice gave two plans; the host was not touched')
}

/** Numbers of a plan for the report. */
export const countPlan = ({ commands, rollback, checks, artifact }: DeployPlan) => ({
  commands: commands.length,
  rollback: rollback.length,
  checks: checks.checks.length,
  files: artifact.files,
})
