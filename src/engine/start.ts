import type { EffectRow } from '../domain/effect.ts'
import { CutterError } from '../domain/errors.ts'
import { canonicalJson, type Json } from '../domain/json.ts'
import { lostKeyError } from '../domain/lost-entries.ts'
import { sourceReading } from '../domain/recorded-source.ts'
import type { Mode, Run, RunIdentity } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import { brokenMachineError } from '../machine/read-snapshot.ts'
import { startStep } from '../machine/transition.ts'
import { assertSuitableHost } from './assert-suitable-host.ts'
import { findGatePlanFault } from './check-gate-plan.ts'
import { assertNotOnHold } from './check-hold.ts'
import { assertFilesSafe, assertLiveAllowed, readExecutionSwitch } from './check-live.ts'
import { assertNoSecretInput, assertNoSecretWords } from './check-secrets.ts'
import type { EngineDeps, InstalledMachine } from './engine-deps.ts'
import { assertNotClaimed, currentLease, mapConflict } from './lease.ts'
import { loadRun } from './load-run.ts'
import { assertOperator, operatorDeclaredBy, throughOf } from './operators.ts'
import type { Exclusively } from './run-lock.ts'
import { verifyRun } from './verify-run.ts'
import { claimedAfter, continueRun, kindsOf, workUntilRest } from './work-on-run.ts'

/** The options of `Engine.start`. */
export interface StartOptions {
  mode: Mode
  /** Idempotency key. The same key and input always return the same run. */
  key?: string
  /** Label of the operator who starts the run. The OS user is recorded next to it. */
  by?: string
}

/**
 * Starts a run and works on it until it pauses, stops or closes. With a key that was used before, it returns the run of that key, and
 * continues that run if its start was interrupted.
 * @throws USAGE for input that the machine does not accept, a blank key or label; INPUT_REFUSED for secrets and unusable input
 * @throws MACHINE_NOT_FOUND, OPERATOR_REFUSED, ON_HOLD
 * @throws LIVE_REFUSED, FILES_UNSAFE in live mode
 * @throws STORE_TAMPERED for a new key while the store lacks runs that `var/runs` names
 * @throws KEY_REUSED when the key belongs to a run with another machine, mode or input
 */
export async function startRun(
  deps: EngineDeps,
  exclusively: Exclusively,
  name: string,
  given: { [key: string]: Json },
  options: StartOptions,
): Promise<Run> {
  assertNoSecretWords(deps, { '--by': options.by, '--key': options.key })
  assertNoSecretInput(deps, given)
  const by = assertOperator(deps, options.by)
  const installed = await deps.installed(name, null)
  const input = await admitInput(deps, installed, given)
  if (options.key === '') throw new CutterError('USAGE', 'the start key is empty; nothing was started')
  const continueEarlier = (earlier: Run) => {
    assertSameStart(earlier, name, input, options)
    return continueInterrupted(deps, exclusively, earlier, by)
  }
  const earlier = options.key === undefined ? null : await deps.store.runByKey(options.key)
  if (earlier !== null) return continueEarlier(earlier)
  if (options.key !== undefined) await assertKeyNotLost(deps, options.key)
  await assertNotOnHold(deps, null)
  // Every run records the switch at its start and at its end. Only a live run depends on it.
  const executionSwitch =
    options.mode === 'live' ? await assertLiveAllowed(deps) : await readExecutionSwitch(deps)
  if (options.mode === 'live') assertFilesSafe(deps, installed)

  const identity = newIdentity(deps, installed, input, options, by)
  return exclusively(identity.runId, async () => {
    const readings = {
      operatorDeclared: operatorDeclaredBy(deps),
      ...throughOf(deps),
      executionSwitch: executionSwitch as unknown as Json,
      ...sourceReading(installed),
      ...(deps.sharing && { home: { ...deps.sharing.home() } }),
    }
    await installed.remember?.(identity.startedAt)
    const facts = { at: identity.startedAt, by, readings, kindOf: kindsOf(installed) }
    const step = startStep(installed.machine, identity, facts)
    const fault = await findGatePlanFault(deps.store, step, [])
    if (fault !== null) throw brokenMachineError(installed.machine, 'its first state', `the start ${fault}`)
    const claimed = await createUnlessKeyTaken(deps, step)
    if (claimed === null) return continueEarlier((await deps.store.runByKey(options.key!))!)
    deps.checked?.keepStep(null, step)
    deps.onStep?.(step.run, step.entry)
    return workUntilRest(deps, installed, claimedAfter(step, { effects: [], timers: [] }, claimed))
  })
}

async function admitInput(
  deps: EngineDeps,
  installed: InstalledMachine,
  given: { [key: string]: Json },
): Promise<{ [key: string]: Json }> {
  const parsed = parseInput(installed, installed.machine.input.safeParse(given))
  assertFieldsKnown(installed, given, parsed)
  // Checked again, because a schema may fill in values that nobody gave.
  assertNoSecretInput(deps, parsed)
  return installed.admit(parsed)
}

function newIdentity(
  deps: EngineDeps,
  { machine }: InstalledMachine,
  input: { [key: string]: Json },
  { mode, key }: StartOptions,
  by: string,
): RunIdentity {
  return {
    runId: newRunId(machine.runIdPrefix, deps),
    machine: machine.name,
    version: machine.version,
    definitionDigest: machine.definitionDigest,
    mode,
    input,
    startKey: key ?? null,
    startedBy: by,
    osUser: deps.osUser,
    startedAt: deps.clock.now().toISOString(),
  }
}

/** A store that lost a run does not know its key, and would start the same a second time. */
async function assertKeyNotLost(deps: EngineDeps, key: string): Promise<void> {
  const lost = (await deps.lostEntries?.()) ?? []
  const runs = lost.filter(({ has }) => has === null)
  if (runs.length > 0) throw lostKeyError(key, runs)
}

/** Saves the first step of a run. Null when another process was faster with the same start key. */
async function createUnlessKeyTaken(deps: EngineDeps, step: Step): Promise<EffectRow[] | null> {
  try {
    return await deps.store.create(step, currentLease(deps))
  } catch (error) {
    if (!(error instanceof CutterError) || error.code !== 'KEY_REUSED' || error.data.pruned) throw error
    return null
  }
}

/** Continues a run that was killed during its start, because a repeated command asks for its result. Other runs are returned as they are. */
async function continueInterrupted(
  deps: EngineDeps,
  exclusively: Exclusively,
  { runId }: Run,
  by: string,
): Promise<Run> {
  const run = await loadRun(deps, runId)
  if (run.status !== 'working') return run
  return exclusively(run.runId, async () => {
    await assertNotOnHold(deps, run)
    await assertNotClaimed(deps, run)
    await assertSuitableHost(deps, run)
    await verifyRun(deps, runId)
    return mapConflict(deps, run, () => continueRun(deps, run, null, by))
  })
}

function assertSameStart(
  earlier: Run,
  name: string,
  input: { [key: string]: Json },
  options: StartOptions,
): void {
  const isSame =
    earlier.machine === name &&
    earlier.mode === options.mode &&
    canonicalJson(earlier.input) === canonicalJson(input)
  if (isSame) return
  throw new CutterError(
    'KEY_REUSED',
    `the key ${options.key} belongs to run ${earlier.runId}, which was started with another machine, mode or input; nothing was started`,
    { next: `cutter run show ${earlier.runId}, or use another key`, data: { runId: earlier.runId } },
  )
}

/** `ictr-20260131T090501Z-0f3a9c1d`: sortable by time, and distinct within a second. */
function newRunId(prefix: string, { clock, randomHex }: EngineDeps): string {
  const at = clock.now().toISOString().replace(/[-:]/g, '').slice(0, 15)
  return `${prefix}-${at}Z-${randomHex(4)}`
}

type Parsed =
  | { success: true; data: unknown }
  | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } }

function parseInput({ machine, reference }: InstalledMachine, parsed: Parsed): { [key: string]: Json } {
  if (parsed.success) return parsed.data as { [key: string]: Json }
  const faults = parsed.error.issues.map(
    ({ path, message }) =>
      `${path.map(String).join('.') || 'input'}${message.endsWith('received undefined') ? ' is missing' : `: ${message}`}`,
  )
  throw new CutterError(
    'USAGE',
    `machine ${machine.name} can't start with this input: ${faults.join('; ')}`,
    {
      next: `cutter run start ${reference ?? machine.name} --help`,
    },
  )
}

/** A schema drops what it does not name, so a misspelt field would be as if nobody had given it. */
function assertFieldsKnown(
  { machine, reference }: InstalledMachine,
  given: { [key: string]: Json },
  parsed: { [key: string]: Json },
): void {
  const known = Object.keys(machine.input.shape)
  const dropped = Object.keys(given).filter((name) => !known.includes(name) && !Object.hasOwn(parsed, name))
  if (dropped.length === 0) return
  const names = dropped.map((name) => JSON.stringify(name)).join(', ')
  throw new CutterError(
    'USAGE',
    `machine ${machine.name} has no input field ${names}; its fields are ${known.join(', ') || 'none'}; nothing was started`,
    { next: `cutter run start ${reference ?? machine.name} --help` },
  )
}
