import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { storeFile } from '../../app/open-store.ts'
import { loadCandidate } from '../../custom/install-module.ts'
import type { LoadedModule } from '../../custom/load-module.ts'
import { loadTrial } from '../../custom/load-trial.ts'
import type { Trial, TrialReport } from '../../custom/trial.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import type { OpenRun } from '../../engine/check-upgradable.ts'
import { type InputField, inputFields } from '../runs/input-fields.ts'
import { checkCandidate } from './check.ts'
import { findTypeFaults } from './check-types.ts'
import { tryMachine } from './trial/test-machine.ts'

/** What `machine test --json` prints. */
export interface MachineTestAnswer extends TrialReport {
  file: string
  /** False when the author has no tsc. */
  typesChecked: boolean
  /** False without a trial: then no write was tried. */
  writesTried: boolean
  /** The open runs of this machine, and whether this module could continue them. */
  runs: OpenRun[]
}

/** A machine that is to be tested, with what a door needs to ask for its input. */
export interface MachineUnderTest {
  given: string
  module: LoadedModule
  fields: InputField[]
  example: string
}

/**
 * Loads a machine that is to be tested.
 * @throws MACHINE_NOT_FOUND, INPUT_REFUSED when it can't be used as a machine, or with `approvals.strict: owner`
 */
export async function findMachineUnderTest(home: Home, given: string): Promise<MachineUnderTest> {
  const module = await loadCandidate(given, { home: home.folder, config: await home.config() }, home.cwd)
  return { given, module, fields: inputFields(module.machine), example: `cutter machine test ${given}` }
}

export interface MachineTestInput {
  machine: MachineUnderTest
  /** The input for a dry run, where there is no trial. */
  input: { [field: string]: Json }
  /** Path of the trial; left out: `<module>.trial.ts` next to the module, where there is one. */
  trial?: string | undefined
}

/**
 * Tests a machine of a user's own: its types, a dry run, and with a trial each write under kills. Says which open runs it would strand.
 * @throws USAGE when there is neither a trial nor the input that the machine needs; INPUT_REFUSED, FILES_UNSAFE, TOOL_MISSING
 */
export async function testOwnMachine(
  home: Home,
  { machine: { module, fields, given }, input, trial: named }: MachineTestInput,
): Promise<MachineTestAnswer> {
  const sibling = module.path.replace(/(\.[cm]?[jt]s)$/, '.trial$1')
  const file = named === undefined ? sibling : resolve(home.cwd, named)
  const hasTrial = named !== undefined || existsSync(file)
  const types = findTypeFaults([module.path, ...(hasTrial ? [file] : [])])
  const trial: Trial = hasTrial ? await loadTrial(file) : { world: () => ({ input }) }
  if (!hasTrial) assertInputGiven(given, sibling, fields, input)
  const report = await tryMachine(module.path, trial, { writes: hasTrial })
  return {
    file: module.path,
    ...report,
    faults: [...(types ?? []), ...report.faults],
    typesChecked: types !== null,
    writesTried: hasTrial,
    runs: (await hasStore(home)) ? await checkCandidate(home, module) : [],
  }
}

/** Reading runs would make the file of a store where there is none. */
const hasStore = async (home: Home) =>
  existsSync(storeFile(home.folder)) || (await home.config()).store !== undefined

function assertInputGiven(
  given: string,
  sibling: string,
  fields: InputField[],
  input: { [field: string]: Json },
): void {
  const missing = fields.find(({ name, required }) => required && input[name] === undefined)
  if (missing === undefined) return
  throw new CutterError(
    'USAGE',
    `its input field ${missing.name} is missing, and there is no ${sibling}; nothing was tried`,
    {
      next: `cutter machine test ${given} --help; or write a trial, as cutter machine new does`,
    },
  )
}
