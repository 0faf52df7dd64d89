import type { ScanRecord } from '../../document/records.ts'
import type { Scan } from '../../document/scan.ts'
import { Stop } from '../../domain/errors.ts'
import { digestOf, digestOfBytes, sha256 } from '../../domain/json.ts'
import type { Mode } from '../../domain/run.ts'
import type { Survey, UnitRow } from '../../targets/survey.ts'
import { type Accepted, acceptedIn } from './accept.ts'
import { refuseTakenAddress } from './taken-address.ts'

/**
 * What SG1 approves. It holds what it depends on and what it will do; no run id, time or random id, so that the same
 * inputs and the same world give the same digest. Counts of whole tables are evidence beside it.
 */
export interface CutPlan {
  type: 'cutter.plan.cut/v1'
  machineVersion: string
  mode: Mode
  document: string
  target: { systemIdentifier: string; database: string; serverVersion: number }
  source: { sourceVersionId: string; sha256: string; bytes: number; profile: string; profileVersion: string }
  limits: { units: number }
  /** Problems of the text that were accepted when the run was started; left out where there are none. */
  accepted?: Accepted[]
  actions: UnitAction[]
  excluded: { heading: string | null; reason: string; start: number; end: number; sha256: string }[]
  /** The whole document in order, so that it can be put together again from the database alone. */
  layout: Piece[]
  expected: ExpectedState
  arithmetic: { unitsWritten: number; governanceRows: number }
  rollback: { beforeCommit: string; afterCommit: string }
}

export interface UnitAction {
  /** create: a new unit; adopt: a draft with this very text is there; keep: it is enacted with this very text. */
  action: 'create' | 'adopt' | 'keep'
  address: string
  kind: string
  number: string | null
  title: string
  parent: string | null
  contentHash: string
  start: number
  end: number
  sortOrder: number
}

/** A unit by its address, or a literal text between units. */
export type Piece = { unit: string; contentHash: string } | { text: string }

/** The world as the plan found it, of what it touches and what guards that. */
export interface ExpectedState {
  units: Pick<UnitRow, 'address' | 'lifecycleStatus' | 'contentHash' | 'versionStatus'>[]
  surface: Survey['surface']
}

export interface PlanInput {
  document: string
  mode: Mode
  machineVersion: string
  bytes: Uint8Array
  scan: Scan
  survey: Survey
  unitCap: number
  accept?: string | undefined
}

/** The governance rows that one cut of n units writes, ORIGIN's arithmetic: n blocks, n affected rows, 13 others. */
export const governanceRows = (units: number) => 13 + 2 * units

export function planCut(input: PlanInput): CutPlan {
  const { document, mode, machineVersion, bytes, scan, survey, unitCap, accept } = input
  const accepted = acceptedIn(scan, accept)
  const actions = actionsOf(input)
  const written = actions.filter(({ action }) => action !== 'keep').length
  const { systemIdentifier, database, versionNumber } = survey.server
  return {
    type: 'cutter.plan.cut/v1',
    machineVersion,
    mode,
    document,
    target: { systemIdentifier, database, serverVersion: versionNumber },
    source: {
      sourceVersionId: sourceVersionId(document, scan),
      sha256: scan.sha256,
      bytes: scan.bytes,
      profile: scan.profile,
      profileVersion: scan.profileVersion,
    },
    limits: { units: unitCap },
    ...(accepted.length === 0 ? {} : { accepted }),
    actions,
    excluded: scan.records.filter(isExcluded).map(({ heading, reason, start, end, sha256 }) => ({
      heading,
      reason: reason ?? '',
      start,
      end,
      sha256,
    })),
    layout: layoutOf(bytes, scan.records),
    expected: expectedState(survey),
    arithmetic: { unitsWritten: written, governanceRows: governanceRows(written) },
    rollback: {
      beforeCommit: 'ROLLBACK of the one transaction that writes',
      afterCommit:
        'forward only: units that were drafted and are not enacted stay drafts, in force for nobody; nothing is deleted',
    },
  }
}

/** The same document, source and profile have the same id, in whichever run. */
export function sourceVersionId(
  document: string,
  scan: Pick<Scan, 'sha256' | 'profile' | 'profileVersion'>,
): string {
  const { sha256: source, profile, profileVersion } = scan
  return `sv-${sha256(digestOf({ document, source, profile, profileVersion })).slice(0, 32)}`
}

export function expectedState(survey: Survey): ExpectedState {
  const units = survey.units.map(({ address, lifecycleStatus, contentHash, versionStatus }) => ({
    address,
    lifecycleStatus,
    contentHash,
    versionStatus,
  }))
  return { units, surface: survey.surface }
}

const isExcluded = (record: ScanRecord) => record.kind === 'excluded'

function actionsOf({ bytes, scan, survey, document }: PlanInput): UnitAction[] {
  refuseTakenAddress(
    document,
    scan.records.flatMap(({ kind, address }) => (kind === 'unit' ? [address!] : [])),
    survey.neighbours,
  )
  const there = new Map(survey.units.map((unit) => [unit.address, unit]))
  const actions = scan.records
    .filter(({ kind }) => kind === 'unit')
    .map((record, index): UnitAction => {
      const contentHash = digestOfBytes(bytes.subarray(record.start, record.end))
      const address = record.address!
      const action = actionFor(address, contentHash, index + 1, there.get(address))
      there.delete(address)
      return {
        action,
        address,
        kind: record.level ?? 'unit',
        number: record.number,
        title: record.heading ?? address,
        parent: record.parent,
        contentHash,
        start: record.start,
        end: record.end,
        sortOrder: index + 1,
      }
    })
  const left = [...there.keys()]
  if (left.length > 0) {
    throw differs(
      `${left.length} units of ${document} in the target are not in the source, the first is ${left[0]}`,
    )
  }
  return actions
}

function actionFor(
  address: string,
  contentHash: string,
  sortOrder: number,
  unit: UnitRow | undefined,
): UnitAction['action'] {
  if (unit === undefined) return 'create'
  if (unit.contentHash !== contentHash) throw differs(`${address} is in the target with another text`)
  if (unit.sortOrder !== sortOrder) {
    throw differs(
      `${address} is in the target at place ${unit.sortOrder}, in the source at place ${sortOrder}`,
    )
  }
  if (unit.lifecycleStatus === 'enacted' && unit.versionStatus === 'enacted') return 'keep'
  if (unit.lifecycleStatus === 'draft' && unit.versionStatus === 'draft') return 'adopt'
  throw differs(`${address} is in the target as ${unit.lifecycleStatus}`)
}

function differs(what: string): Stop {
  return new Stop('STOP_UNITS_DIFFER', `${what}; nothing was touched`, {
    next: 'a document whose text changed is a re-cut, which this version does not do; compare source and target, or cancel the run',
  })
}

function layoutOf(bytes: Uint8Array, records: ScanRecord[]): Piece[] {
  const text = new TextDecoder('utf-8', { ignoreBOM: true })
  const pieces: Piece[] = []
  for (const { kind, address, start, end } of records) {
    const slice = bytes.subarray(start, end)
    const last = pieces.at(-1)
    if (kind === 'unit') pieces.push({ unit: address!, contentHash: digestOfBytes(slice) })
    else if (last !== undefined && 'text' in last) last.text += text.decode(slice)
    else pieces.push({ text: text.decode(slice) })
  }
  return pieces
}
