import { Stop } from '../../domain/errors.ts'
import { digestOfBytes, type Json } from '../../domain/json.ts'
import { type Survey, surfaceDifferences, type UnitRow } from '../../targets/survey.ts'
import { type CutPlan, type ExpectedState, expectedState, isVersion, isWritten } from './plan.ts'

/**
 * What differs between the world that a plan was made in and the world as it is: a line for each thing, by its name. Only what
 * the plan holds is looked at, so a change elsewhere (another document that was cut meanwhile) is none.
 */

/** The document's units, then what guards them. Empty when the plan still fits. */
export function stateDifferences(expected: ExpectedState, found: ExpectedState): string[] {
  return [
    ...unitDifferences(expected.units, found.units),
    ...surfaceDifferences(expected.surface, found.surface),
  ]
}

function unitDifferences(expected: ExpectedState['units'], found: ExpectedState['units']): string[] {
  const before = new Map(expected.map((unit) => [unit.address, unit]))
  const lines: string[] = []
  for (const unit of found) {
    const was = before.get(unit.address)
    before.delete(unit.address)
    if (was === undefined) lines.push(`unit ${unit.address} has appeared (${unit.lifecycleStatus})`)
    else lines.push(...rowDifferences(was, unit))
  }
  return [...lines, ...[...before.keys()].map((address) => `unit ${address} is gone`)]
}

type UnitState = ExpectedState['units'][number]
/** Where a draft behind the text in force is nobody's business, `pendingHash` is left out. */
type Awaited = Omit<UnitState, 'pendingHash'> & Partial<Pick<UnitState, 'pendingHash'>>

function rowDifferences(was: Awaited, is: UnitState): string[] {
  const lines: string[] = []
  const unit = `unit ${is.address}`
  if (was.contentHash !== is.contentHash)
    lines.push(`${unit} has another text: ${was.contentHash} → ${is.contentHash}`)
  if (was.lifecycleStatus !== is.lifecycleStatus)
    lines.push(`${unit} was ${was.lifecycleStatus}, is ${is.lifecycleStatus}`)
  if (was.versionStatus !== is.versionStatus)
    lines.push(`${unit}, its version, was ${was.versionStatus}, is ${is.versionStatus}`)
  if (was.pendingHash !== undefined && was.pendingHash !== is.pendingHash)
    lines.push(`${unit}, its draft behind that: ${was.pendingHash ?? 'none'} → ${is.pendingHash ?? 'none'}`)
  return lines
}

/** Which database it is: one that only looks like the planned one is another. */
export function targetDifferences(expected: CutPlan['target'], server: Survey['server']): string[] {
  const facts = [
    ['server', expected.systemIdentifier, server.systemIdentifier],
    ['database', expected.database, server.database],
    ['server version', expected.serverVersion, server.versionNumber],
  ] as const
  return facts.flatMap(([what, was, is]) =>
    was === is ? [] : [`the target is another ${what}: ${was} → ${is}`],
  )
}

interface Now {
  bytes: Uint8Array
  survey: Survey
  unitCap: number
  /** The plan of now; null when none could be made. */
  plan: CutPlan | null
}

/** Everything that a plan of a cut depends on. */
export function planDifferences(before: CutPlan, { bytes, survey, unitCap, plan }: Now): string[] {
  const was = `sha256:${before.source.sha256}`
  const is = digestOfBytes(bytes)
  const lines = [
    ...(was === is ? [] : [`the source file has another text: ${was} → ${is}`]),
    ...(plan === null ? [] : profileDifferences(before.source, plan.source)),
    ...(was === is || plan === null ? [] : sourceDifferences(before, plan)),
    ...targetDifferences(before.target, survey.server),
    ...(before.limits.units === unitCap ? [] : [`caps.units was ${before.limits.units}, is ${unitCap}`]),
    ...stateDifferences(before.expected, expectedState(survey)),
  ]
  return lines.length === 0 && plan !== null ? ['the plan is another'] : lines
}

/** A profile of a user's own may change under a run. */
function profileDifferences(before: CutPlan['source'], now: CutPlan['source']): string[] {
  if (before.profile !== now.profile)
    return [`the source is read as ${now.profile}, not as ${before.profile}`]
  if (before.profileVersion === now.profileVersion) return []
  return [`profile ${now.profile} has another version: ${before.profileVersion} → ${now.profileVersion}`]
}

/** What became of the units in another text of the source. */
function sourceDifferences(before: CutPlan, now: CutPlan): string[] {
  const planned = new Map(before.actions.map(({ address, contentHash }) => [address, contentHash]))
  const lines: string[] = []
  for (const { address, contentHash } of now.actions) {
    const was = planned.get(address)
    planned.delete(address)
    if (was === undefined) lines.push(`unit ${address} is new in the source`)
    else if (was !== contentHash)
      lines.push(`unit ${address} has another text in the source: ${was} → ${contentHash}`)
  }
  return [...lines, ...[...planned.keys()].map((address) => `unit ${address} is no longer in the source`)]
}

/** The document's units as they are between the cut and its second gate: drafts beside and behind what is in force. */
export function statesAfterCut({ actions, expected }: CutPlan): Awaited[] {
  const states = new Map<string, Awaited>(
    expected.units.map(({ pendingHash: _, ...unit }) => [unit.address, unit]),
  )
  for (const action of actions.filter(isWritten)) {
    const { address, contentHash } = action
    const draft = { lifecycleStatus: 'draft', versionStatus: 'draft' }
    states.set(
      address,
      isVersion(action)
        ? { ...states.get(address)!, pendingHash: contentHash }
        : { address, contentHash, ...draft, pendingHash: null },
    )
  }
  return [...states.values()]
}

/** What the second gate would decide about and is no longer as this run left it. */
export function draftDifferences(plan: CutPlan, units: UnitRow[]): string[] {
  const there = new Map(units.map((unit) => [unit.address, unit]))
  const left = new Set(plan.left)
  return statesAfterCut(plan)
    .filter(({ address }) => !left.has(address))
    .flatMap((state) => {
      const row = there.get(state.address)
      return row === undefined ? [`unit ${state.address} is gone`] : rowDifferences(state, row)
    })
}

/** The first of them in words, for a message; the list itself goes beside it. */
export function summariseDifferences(differences: string[]): string {
  const more = differences.length > 1 ? ` (and ${differences.length - 1} more)` : ''
  return `${differences[0] ?? 'nothing'}${more}`
}

const MOST = 100

/** As many lines as a person reads; the last one then says how many more there are. */
export function limitDifferences(differences: string[]): string[] {
  if (differences.length <= MOST) return differences
  return [...differences.slice(0, MOST), `and ${differences.length - MOST} more`]
}

/** Stops with every difference named. */
export function driftError(what: string, differences: string[], next: string, touched = ''): Stop {
  const message = `${what}: ${summariseDifferences(differences)}${touched === '' ? '' : `; ${touched}`}`
  return new Stop('STOP_DRIFT', message, { next, data: { differences: limitDifferences(differences) } })
}

/** Work whose stop is told together with what differs from the plan, since that is why it stops. */
export async function withDriftNamed<T>(
  differences: () => Promise<string[]>,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    const lines = await differences()
    if (lines.length === 0) throw error
    const { code, message, next, data } = error.facts
    const named: { [key: string]: Json } = { ...data, differences: limitDifferences(lines) }
    throw new Stop(code, message, { ...(next === undefined ? {} : { next }), data: named, cause: error })
  }
}
