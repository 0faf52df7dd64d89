import type { Home } from '../../app/open-home.ts'
import type { Mode } from '../../domain/run.ts'
import { assertRole } from '../access/assert-role.ts'
import { assertMachineInScope } from '../access/scope.ts'
import { definedOnly } from '../defined.ts'
import { findRunId } from '../runs/find-run.ts'
import { answerOfRun, type RunAnswer } from '../runs/run-answer.ts'

export interface RemoveRehearsalInput {
  /** The run whose rehearsal databases are removed: id, or a unique prefix or suffix of one. */
  run: string
  mode: Mode
  /** Label of the operator. */
  by?: string | undefined
}

/**
 * Starts a run of the machine `teardown`, which removes the rehearsal databases of a run. Its plan is approved like any other.
 * @throws RUN_NOT_FOUND, and what `startRun` throws
 */
export async function removeRehearsal(home: Home, given: RemoveRehearsalInput): Promise<RunAnswer> {
  assertRole(home, 'start runs')
  assertMachineInScope(home, 'teardown')
  const { engine } = await home.app()
  const { mode, by } = given
  const input = { run: await findRunId(home, given.run) }
  const run = await engine.start('teardown', input, { mode, ...definedOnly({ by }) })
  return answerOfRun(home, run)
}
