import type { Scan } from '../../document/scan.ts'
import type { ScanRecord } from '../../document/structure/records.ts'
import { Stop } from '../../domain/errors.ts'
import type { Survey, UnitRow } from '../../targets/survey.ts'
import type { TextChanges } from './changes.ts'
import type { CurrentText } from './current-texts.ts'
import { ACTOR } from './deps.ts'
import type { Ending, PlanInput, UnitAction } from './plan.ts'
import { assertFreeAddresses } from './taken-address.ts'

export const isExcluded = (record: ScanRecord) => record.kind === 'excluded'

/**
 * What is cut: the candidates, and also what is excluded where a unit of that address is in force. An article that is repealed in
 * place stays the unit that it was, with a text that says so.
 */
export function selectUnitRecords(scan: Scan, inForce: CurrentText[]): Set<ScanRecord> {
  const there = new Set(inForce.map(({ address }) => address))
  const candidates = scan.records.filter(({ kind }) => kind === 'unit')
  for (const { address } of candidates) there.delete(address!)
  return new Set(
    scan.records.filter(
      (record) => record.kind === 'unit' || (isExcluded(record) && there.has(record.address!)),
    ),
  )
}

export function planActions(
  { survey, document }: PlanInput,
  records: Set<ScanRecord>,
  { origins }: TextChanges,
): UnitAction[] {
  assertFreeAddresses(
    document,
    [...records].map(({ address }) => address!),
    survey.neighbours,
  )
  const there = new Map(survey.units.map((unit) => [unit.address, unit]))
  return [...records].map((record, index): UnitAction => {
    const contentHash = `sha256:${record.sha256}`
    const address = record.address!
    const unit = there.get(address)
    const origin = origins.get(address)
    // By the alphabet: thousands of these are written in canonical form.
    return {
      action: actionFor(address, contentHash, unit),
      address,
      change: origin?.change ?? null,
      contentHash,
      end: record.end,
      from: origin?.from ?? [],
      kind: record.level ?? 'unit',
      number: record.number,
      oldContentHash: unit?.lifecycleStatus === 'enacted' ? unit.contentHash : null,
      parent: record.parent,
      sortOrder: index + 1,
      start: record.start,
      title: record.heading ?? address,
    }
  })
}

function actionFor(address: string, contentHash: string, unit: UnitRow | undefined): UnitAction['action'] {
  if (unit === undefined) return 'create'
  const { lifecycleStatus, versionStatus } = unit
  if (versionStatus !== lifecycleStatus) {
    throw new Stop(
      'STOP_UNITS_DIFFER',
      `${address} is in the target as ${lifecycleStatus}, and its version as ${versionStatus ?? 'none'}; nothing was touched`,
      {
        next: 'no writer function leaves a unit like that; have the owner of the target look at it, then start another run',
        data: { address, lifecycleStatus, versionStatus },
      },
    )
  }
  const same = unit.contentHash === contentHash
  if (lifecycleStatus === 'draft') return same ? 'adopt' : 'redraft'
  if (lifecycleStatus === 'enacted' && same) return 'keep'
  if (unit.pendingHash === contentHash) return 'adopt-version'
  return lifecycleStatus === 'enacted' ? 'amend' : 'revive'
}

/** Units of the document that the source does not have: those in force end, drafts are left; what ended before stays as it is. */
export function planEndings(
  survey: Survey,
  inForce: CurrentText[],
  actions: UnitAction[],
  { successors }: TextChanges,
): { endings: Ending[]; left: string[] } {
  const planned = new Set(actions.map(({ address }) => address))
  const endings = inForce
    .filter(({ address }) => !planned.has(address))
    .map(({ address, contentHash, number, sortOrder }): Ending => {
      const inItsPlace = successors.get(address) ?? []
      const action = inItsPlace.length > 0 ? 'supersede' : 'retire'
      return { action, address, contentHash, number, sortOrder, successors: inItsPlace }
    })
  const drafts = survey.units.filter(
    ({ address, lifecycleStatus }) => lifecycleStatus === 'draft' && !planned.has(address),
  )
  const foreign = drafts.filter(({ createdBy }) => !createdBy.startsWith(ACTOR))
  if (foreign.length > 0) throw notOurs(foreign)
  return { endings, left: drafts.map(({ address }) => address) }
}

/** What an earlier cut drafted and nobody put into force is left; what somebody else is at work on is not ours to pass by. */
function notOurs(units: UnitRow[]): Stop {
  const [first] = units
  return new Stop(
    'STOP_UNITS_DIFFER',
    `${units.length} drafts in the target are not in the source and were made by no cut, the first is ${first!.address} by ${first!.createdBy}; nothing was touched`,
    { next: 'ask who made them; once they are enacted, a cut can retire them; or cancel the run' },
  )
}
