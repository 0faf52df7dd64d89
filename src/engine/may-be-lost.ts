import type { Step } from '../domain/step.ts'
import type { EngineDeps, InstalledMachine } from './engine-deps.ts'

/**
 * Whether a loss of power may take a step back, so that it needs no sync of its own: it ends no write and uses no approval, the run continues
 * with reads alone, and nobody was shown it. After a loss of power those reads are done again. A process that is killed loses nothing.
 */
export function mayBeLost(
  { isFollowed = false }: Pick<EngineDeps, 'isFollowed'>,
  { effects }: Pick<InstalledMachine, 'effects'>,
  step: Step,
  /** The effect whose outcome the step records. */
  done: string | undefined,
): boolean {
  const isRead = (name: string) => effects[name]?.kind === 'read'
  return (
    !isFollowed &&
    step.run.status === 'working' &&
    step.approvalUsed === null &&
    (done === undefined || isRead(done)) &&
    step.effectsAsked.length > 0 &&
    step.effectsAsked.every(({ name }) => isRead(name)) &&
    step.timersAsked.length === 0
  )
}
