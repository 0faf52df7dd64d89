import type { EffectRow } from '../domain/effect.ts'
import { CutterError } from '../domain/errors.ts'
import { canonicalJson, type Json } from '../domain/json.ts'
import type { Mode, Run, RunIdentity } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import { startStep } from '../machine/transition.ts'
import { assertNotOnHold } from './check-hold.ts'
import { assertFilesSafe, assertLiveAllowed } from './check-live.ts'
import { assertNoSecretInput, assertNoSecretWords } from './check-secrets.ts'
import type { EngineDeps, InstalledMachine } from './engine-deps.ts'
import { assertNotClaimed, currentLease, mapConflict } from './lease.ts'
import { loadRun } from './load-run.ts'
import { assertOperator, operatorDeclaredBy } from './operators.ts'
import type { Exclusively } from './run-lock.ts'
import { verifyRun } from './verify-run.ts'
import { claimedAfter, continueRun, workUntilRest } from './work-on-run.ts'

export interface StartOptions {
  mode: Mode
  /** Idempotency key. The same key and input always return the same run. */
  key?: string
  /** Label of the operator who starts the run. The OS user is recorded next to it. */
  by?: string
}

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
  const installed = await deps.installed(name)
  const parsed = parseInput(installed, installed.machine.input.safeParse(given))
  // Once more: a schema may fill in what nobody gave.
  assertNoSecretInput(deps, parsed)
  const input = await installed.admit(parsed)
  if (options.key === '') throw new CutterError('USAGE', 'the start key is empty; nothing was started')
  const earlier = options.key === undefined ? null : await deps.store.runByKey(options.key)
  if (earlier !== null) return goneOn(deps, exclusively, sameStart(earlier, name, input, options), by)
  await assertNotOnHold(deps, null)
  const executionSwitch = options.mode === 'live' ? await assertLiveAllowed(deps) : null
  if (options.mode === 'live') assertFilesSafe(deps, installed)

  const { machine } = installed
  const identity: RunIdentity = {
    runId: runId(machine.runIdPrefix, deps),
    machine: machine.name,
    version: machine.version,
    definitionDigest: machine.definitionDigest,
    mode: options.mode,
    input,
    startKey: options.key ?? null,
    startedBy: by,
    osUser: deps.osUser,
    startedAt: deps.clock.now().toISOString(),
  }
  return exclusively(identity.runId, async () => {
    const reading = executionSwitch === null ? {} : { executionSwitch: executionSwitch as unknown as Json }
    const readings = { operatorDeclared: operatorDeclaredBy(deps), ...reading }
    await installed.remember?.(identity.startedAt)
    const step = startStep(machine, identity, { at: identity.startedAt, by: identity.startedBy, readings })
    const claimed = await created(deps, step)
    if (claimed === null) {
      const faster = await deps.store.runByKey(options.key!)
      return goneOn(deps, exclusively, sameStart(faster!, name, input, options), by)
    }
    deps.onStep?.(step.run, step.entry)
    return workUntilRest(deps, installed, claimedAfter(step, { effects: [], timers: [] }, claimed))
  })
}

/** Saves a run's first step. Null when another process was faster with the same start key. */
async function created(deps: EngineDeps, step: Step): Promise<EffectRow[] | null> {
  try {
    return await deps.store.create(step, currentLease(deps))
  } catch (error) {
    if (!(error instanceof CutterError) || error.code !== 'KEY_REUSED' || error.data.pruned) throw error
    return null
  }
}

/** A run that was killed in the midst of its start is taken up again: whoever repeats the command wants it done. */
async function goneOn(deps: EngineDeps, exclusively: Exclusively, { runId }: Run, by: string): Promise<Run> {
  const run = await loadRun(deps, runId)
  if (run.status !== 'working') return run
  return exclusively(run.runId, async () => {
    await assertNotOnHold(deps, run)
    await assertNotClaimed(deps, run)
    await verifyRun(deps, runId)
    return mapConflict(deps, run, () => continueRun(deps, run, null, by))
  })
}

function sameStart(earlier: Run, name: string, input: { [key: string]: Json }, options: StartOptions): Run {
  const same =
    earlier.machine === name &&
    earlier.mode === options.mode &&
    canonicalJson(earlier.input) === canonicalJson(input)
  if (same) return earlier
  throw new CutterError(
    'KEY_REUSED',
    `the key ${options.key} belongs to run ${earlier.runId}, which was started with another machine, mode or input; nothing was started`,
    { next: `cutter run show ${earlier.runId}, or use another key`, data: { runId: earlier.runId } },
  )
}

/** `ictr-20260131T090501Z-0f3a9c1d`: sortable by time, and distinct within a second. */
function runId(prefix: string, { clock, randomHex }: EngineDeps): string {
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
