import type { Home } from '../../app/open-home.ts'
import type { Mode } from '../../domain/run.ts'
import { assertNoSecretInput } from '../../engine/check-secrets.ts'
import { assertRole } from '../access/assert-role.ts'
import { admitPaths } from '../access/input-files.ts'
import { assertMachineInScope, assertRunInScope } from '../access/scope.ts'
import { definedOnly } from '../defined.ts'
import { findDeployId } from './find-deploy.ts'
import { answerOfRun, type RunAnswer } from './run-answer.ts'

export interface RollbackRunInput {
  /** The closed deploy, or the adoption of one: its id, or a unique prefix or suffix of it. Of an adopted deploy also its own id. */
  run: string
  /** Release to which the pointer goes: its name, its path below the folder of the pointer, or its run. */
  to?: string | undefined
  /** Host and path of a staging folder that names a run which this home does not know: `run`, as the folder names it. */
  host?: string | undefined
  staging?: string | undefined
  mode: Mode
  /** The same key and deploy always return the same rollback. */
  key?: string | undefined
  /** Label of the operator. */
  by?: string | undefined
}

/**
 * Starts a run of the machine `rollback`, which removes what a closed deploy created. It is a run of its own, because a closed
 * run never changes: its plan is approved at gate SG2 like any other.
 * @throws RUN_NOT_FOUND, INPUT_REFUSED when the run is not a closed live deploy, and what `startRun` throws
 */
export async function rollbackRun(home: Home, given: RollbackRunInput): Promise<RunAnswer> {
  assertRole(home, 'start runs')
  assertMachineInScope(home, 'rollback')
  const { engine, deps } = await home.app()
  const { mode, key, by, to, host, staging } = given
  const isLost = host !== undefined || staging !== undefined
  if (isLost) await assertRunInScope(home, given.run)
  const run = isLost ? given.run : await findDeployId(home, given.run)
  const named = { run, ...definedOnly({ to, host, staging }) }
  assertNoSecretInput(deps, named)
  const input = await admitPaths(home, 'rollback', named)
  return answerOfRun(home, await engine.start('rollback', input, { mode, ...definedOnly({ key, by }) }))
}
