import type { EffectRow } from '../domain/effect.ts'
import { CutterError } from '../domain/errors.ts'
import { canonicalJson, type Json } from '../domain/json.ts'
import type { Run, RunIdentity } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import { startStep } from '../machine/transition.ts'
import { assertNotOnHold } from './check-hold.ts'
import { assertFilesSafe, assertLiveAllowed } from './check-live.ts'
import { assertNoSecretInput, assertNoSecretWords } from './check-secrets.ts'
import type { Exclusively, StartOptions } from './engine.ts'
import type { EngineDeps, InstalledMachine } from './engine-deps.ts'
import { assertNotClaimed, currentLease, mapConflict } from './lease.ts'
import { loadRun } from './load-run.ts'
import { assertOperator, operatorDeclaredBy } from './operators.ts'
import { verifyRun } from './verify-run.ts'
import { claimedAfter, continueRun, workUntilRest } from './work-on-run.ts'

export async function startRun(
  parts: EngineDeps,
  exclusively: Exclusively,
  name: string,
  given: { [key: string]: Json },
  options: StartOptions,
): Promise<Run> {
  assertNoSecretWords(parts, { '--by': options.by, '--key': options.key })
  assertNoSecretInput(parts, given)
  const by = assertOperator(parts, options.by)
  const installed = await parts.installed(name)
  const parsed = parseInput(installed, installed.machine.input.safeParse(given))
  // Once more: a schema may fill in what nobody gave.
  assertNoSecretInput(parts, parsed)
  const input = await installed.admit(parsed)
  if (options.key === '') throw new CutterError('USAGE', 'the start key is empty; nothing was started')
  const earlier = options.key === undefined ? null : await parts.store.runByKey(options.key)
  if (earlier !== null) return goneOn(parts, exclusively, sameStart(earlier, name, input, options), by)
  await assertNotOnHold(parts, null)
  const executionSwitch = options.mode === 'live' ? await assertLiveAllowed(parts) : null
  if (options.mode === 'live') assertFilesSafe(parts, installed)

  const { machine } = installed
  const identity: RunIdentity = {
    runId: runId(machine.runIdPrefix, parts),
    machine: machine.name,
    version: machine.version,
    definitionDigest: machine.definitionDigest,
    mode: options.mode,
    input,
    startKey: options.key ?? null,
    startedBy: by,
    osUser: parts.osUser,
    startedAt: parts.clock.now().toISOString(),
  }
  return exclusively(identity.runId, async () => {
    const reading = executionSwitch === null ? {} : { executionSwitch: executionSwitch as unknown as Json }
    const readings = { operatorDeclared: operatorDeclaredBy(parts), ...reading }
    await installed.remember?.(identity.startedAt)
    const step = startStep(machine, identity, { at: identity.startedAt, by: identity.startedBy, readings })
    const claimed = await created(parts, step)
    if (claimed === null) {
      const faster = await parts.store.runByKey(options.key!)
      return goneOn(parts, exclusively, sameStart(faster!, name, input, options), by)
    }
    parts.onStep?.(step.run, step.entry)
    return workUntilRest(parts, installed, claimedAfter(step, { effects: [], timers: [] }, claimed))
  })
}

/** Saves a run's first step. Null when another process was faster with the same start key. */
async function created(parts: EngineDeps, step: Step): Promise<EffectRow[] | null> {
  try {
    return await parts.store.create(step, currentLease(parts))
  } catch (error) {
    if (!(error instanceof CutterError) || error.code !== 'KEY_REUSED' || error.data.pruned) throw error
    return null
  }
}

/** A run that was killed in the midst of its start is taken up again: whoever repeats the command wants it done. */
async function goneOn(parts: EngineDeps, exclusively: Exclusively, { runId }: Run, by: string): Promise<Run> {
  const run = await loadRun(parts, runId)
  if (run.status !== 'working') return run
  return exclusively(run.runId, async () => {
    await assertNotOnHold(parts, run)
    await assertNotClaimed(parts, run)
    await verifyRun(parts, runId)
    return mapConflict(parts, run, () => continueRun(parts, run, null, by))
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
