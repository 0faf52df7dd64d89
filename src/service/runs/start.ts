import type { Home } from '../../app/open-home.ts'
import type { Json } from '../../domain/json.ts'
import type { Mode } from '../../domain/run.ts'
import { assertNoSecretInput } from '../../engine/check-secrets.ts'
import { assertRole } from '../access/assert-role.ts'
import { admitPaths } from '../access/input-files.ts'
import { assertMachineInScope, assertRunInScope } from '../access/scope.ts'
import { assertKeyInScope, findRunAtWork, startErrorFor } from '../access/start-key.ts'
import { definedOnly } from '../defined.ts'
import { answerOfRun, type RunAnswer } from './run-answer.ts'
import { findStartMachine, type StartMachine } from './start-machine.ts'

export interface StartRunInput {
  /** A machine's name, the path of a module, or what `findStartMachine` returned. */
  machine: string | StartMachine
  /** The input of the machine, as its schema wants it. */
  input: { [key: string]: Json }
  mode: Mode
  /** The same key and input always return the same run. */
  key?: string | undefined
  /** Label of the operator. */
  by?: string | undefined
}

/** The shipped machines whose field `run` names another run. */
const RUN_MACHINES = new Set(['rollback', 'teardown'])

/**
 * Starts a run and works on it until it pauses, stops or closes.
 * @throws MACHINE_NOT_FOUND, USAGE when the input does not fit the machine, INPUT_REFUSED when it can't be worked on or holds a
 * secret, KEY_REUSED when the key belongs to another run, ON_HOLD, LIVE_REFUSED, FILES_UNSAFE, OPERATOR_REFUSED,
 * ACCESS_REFUSED, RUN_NOT_FOUND when the input names a run that the caller's token does not reach
 */
export async function startRun(home: Home, given: StartRunInput): Promise<RunAnswer> {
  const { machine, input, mode, key, by } = given
  assertRole(home, 'start runs')
  await assertKeyInScope(home, key)
  const found = typeof machine === 'string' ? await findStartMachine(home, machine, key) : machine
  assertMachineInScope(home, found.name)
  if (RUN_MACHINES.has(found.name) && typeof input.run === 'string') await assertRunInScope(home, input.run)
  const app = await home.app()
  if (found.module !== null) await app.useModule(found.module)
  // A path is changed when it is settled, after which a secret might not be recognised.
  assertNoSecretInput(app.deps, input)
  const admitted = await admitPaths(home, found.name, input)
  try {
    const run = await app.engine.start(found.name, admitted, { mode, ...definedOnly({ key, by }) })
    return answerOfRun(home, run)
  } catch (error) {
    const atWork = await findRunAtWork(home, key, error)
    if (atWork !== null) return answerOfRun(home, atWork)
    throw await startErrorFor(home, key, error)
  }
}
