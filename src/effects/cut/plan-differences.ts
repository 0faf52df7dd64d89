import { digestOfBytes } from '../../domain/json.ts'
import { type Survey, surfaceDifferences, type UnitRow } from '../../targets/survey.ts'
import { type CutPlan, type ExpectedState, expectedState, isVersion, isWritten } from './plan.ts'

// The differences between the state that a plan expects and the present state, one line for each. Only the plan's own contents are
// compared, so a change elsewhere (another document that was cut) is not drift. The last check at a gate and the check inside of the
// writing lock give the same lines.

/** Lists the differences of the document's units, then of the objects that guard them. Empty if the plan still fits. */
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
/** The expected state of a unit. Without `pendingHash`, a draft behind the text in force makes no difference. */
type ExpectedUnit = Omit<UnitState, 'pendingHash'> & Partial<Pick<UnitState, 'pendingHash'>>

function rowDifferences(was: ExpectedUnit, is: UnitState): string[] {
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

/** Lists the differences of the database itself, so that a similar database is not taken for the planned one. */
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

interface PresentState {
  bytes: Uint8Array
  survey: Survey
  unitCap: number
  /** The present plan; null if none could be made. */
  plan: CutPlan | null
}

/** Lists the differences of everything on which a plan of a cut depends. */
export function planDifferences(before: CutPlan, { bytes, survey, unitCap, plan }: PresentState): string[] {
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
  return lines.length === 0 && plan !== null ? ['the plan itself differs'] : lines
}

/** A custom profile may change while a run is open. */
function profileDifferences(before: CutPlan['source'], now: CutPlan['source']): string[] {
  if (before.profile !== now.profile)
    return [`the source is read as ${now.profile}, not as ${before.profile}`]
  if (before.profileVersion === now.profileVersion) return []
  return [`profile ${now.profile} has another version: ${before.profileVersion} → ${now.profileVersion}`]
}

/** Lists the differences of the units, if the source has another text. */
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

/** Returns the expected units between the cut and its second gate: drafts next to and behind the units in force. */
export function statesAfterCut({ actions, expected }: CutPlan): ExpectedUnit[] {
  const states = new Map<string, ExpectedUnit>(
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

/** Lists the differences of the units that the second gate decides about from the state in which this run left them. */
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
