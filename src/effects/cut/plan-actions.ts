import type { Scan } from '../../document/scan.ts'
import type { ScanRecord } from '../../document/structure/records.ts'
import { Stop } from '../../domain/errors.ts'
import type { Survey, UnitRow } from '../../targets/survey.ts'
import type { TextChanges } from './changes.ts'
import type { CurrentText } from './current-texts.ts'
import { ACTOR } from './document-writer.ts'
import type { Ending, UnitAction } from './plan.ts'
import { assertFreeAddresses } from './taken-address.ts'

// A re-cut is a difference from the texts in force. A unit keeps its address: if numbers shift, the unit of a number gets another version, and
// an alias of the change set leads to the new address of the text. The order is in the change set's layout, and a unit keeps the position of
// its first cut. A number that went out of force and is given to another text stays the same unit (`revive`).

/** Whether the profile excludes the record. */
export const isExcluded = (record: ScanRecord) => record.kind === 'excluded'

/**
 * Selects the records that are cut: the units, and excluded records whose address has a unit in force. An article that is repealed in
 * place stays the same unit, with a text that says so.
 */
export function selectUnitRecords(scan: Scan, inForce: CurrentText[]): Set<ScanRecord> {
  const current = new Set(inForce.map(({ address }) => address))
  const candidates = scan.records.filter(({ kind }) => kind === 'unit')
  for (const { address } of candidates) current.delete(address!)
  return new Set(
    scan.records.filter(
      (record) => record.kind === 'unit' || (isExcluded(record) && current.has(record.address!)),
    ),
  )
}

/**
 * Plans an action for each record.
 *
 * @throws Stop STOP_REFUSED_INPUT when an address belongs to another document, STOP_UNITS_DIFFER when a unit and its version disagree.
 */
export function planActions(
  { survey, document }: { survey: Survey; document: string },
  records: Set<ScanRecord>,
  { origins }: TextChanges,
): UnitAction[] {
  assertFreeAddresses(
    document,
    [...records].map(({ address }) => address!),
    survey.neighbours,
  )
  const present = new Map(survey.units.map((unit) => [unit.address, unit]))
  return [...records].map((record, index): UnitAction => {
    const contentHash = `sha256:${record.sha256}`
    const address = record.address!
    const unit = present.get(address)
    const origin = origins.get(address)
    // Keys in alphabetical order: canonical JSON sorts them, and thousands of these are written.
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
      `${address} is ${lifecycleStatus} in the target, but its version is ${versionStatus ?? 'missing'}; nothing was changed`,
      {
        next: 'no writer function leaves a unit in this state; ask the owner of the target to check it, then start another run',
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

/**
 * Plans the endings of units that the source does not have. Units in force end, Cutter's drafts are left, and units that ended before stay
 * as they are.
 *
 * @throws Stop STOP_UNITS_DIFFER when a draft that is not in the source was not made by a cut.
 */
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
  if (foreign.length > 0) throw foreignDraftsError(foreign)
  return { endings, left: drafts.map(({ address }) => address) }
}

function foreignDraftsError(units: UnitRow[]): Stop {
  const [first] = units
  return new Stop(
    'STOP_UNITS_DIFFER',
    `${units.length} drafts in the target are not in the source and were not made by a cut, the first is ${first!.address} by ${first!.createdBy}; nothing was changed`,
    { next: 'ask who made them; once they are enacted, a cut can retire them; or cancel the run' },
  )
}
