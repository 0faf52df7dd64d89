import type { ChangeKind } from '../../document/diff/change.ts'
import type { Profile } from '../../document/profiles/profile.ts'
import type { Scan } from '../../document/scan.ts'
import type { ScanRecord } from '../../document/structure/records.ts'
import { digestOf, sha256 } from '../../domain/json.ts'
import type { Mode } from '../../domain/run.ts'
import type { Survey, UnitRow } from '../../targets/survey.ts'
import { type AcceptedProblem, findAcceptedProblems } from './accepted-problems.ts'
import { compareWithCurrent } from './changes.ts'
import type { CurrentText } from './current-texts.ts'
import { isExcluded, planActions, planEndings, selectUnitRecords } from './plan-actions.ts'

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
  accepted?: AcceptedProblem[]
  /** A document of which something is in force already is cut again. */
  operation: 'first_cut' | 'recut'
  actions: UnitAction[]
  endings: Ending[]
  aliases: Alias[]
  /** Drafts of the document that this text does not have. They stay drafts, in force for nobody. */
  left: string[]
  excluded: { heading: string | null; reason: string; start: number; end: number; sha256: string }[]
  /** The whole document in order, so that it can be put together again from the database alone. */
  layout: LayoutPiece[]
  expected: ExpectedState
  /** Rows of the cut itself. SG2 writes its review and a row for each alias. */
  arithmetic: { unitsWritten: number; governanceRows: number }
  rollback: { beforeCommit: string; afterCommit: string }
}

export interface UnitAction {
  /**
   * create: a new unit; adopt: a draft with this very text is there; redraft: a draft with another text; amend: another version of
   * a unit in force; revive: another version of a unit that went out of force, whose number a text has again; adopt-version: such a
   * version waits there as a draft; keep: it is in force with this very text.
   */
  action: 'create' | 'adopt' | 'redraft' | 'amend' | 'revive' | 'adopt-version' | 'keep'
  address: string
  kind: string
  number: string | null
  title: string
  parent: string | null
  contentHash: string
  /** The text in force at this address; null where none is. */
  oldContentHash: string | null
  /** What became of the text in force, and the addresses that it stood at; null where nothing of the document is in force. */
  change: ChangeKind | null
  from: string[]
  start: number
  end: number
  sortOrder: number
}

/** A unit in force that the text no longer has: superseded where other units have its text now, else retired. */
export interface Ending {
  action: 'supersede' | 'retire'
  address: string
  contentHash: string
  number: string | null
  sortOrder: number | null
  successors: string[]
}

/** Where the text of an address is found now. `rename`: all of it, under another address; `redirect`: a part, or among others. */
export interface Alias {
  kind: 'rename' | 'redirect'
  aliasAddress: string
  address: string
}

/** A unit by its address, or a literal text between units. */
export type LayoutPiece = { unit: string; contentHash: string } | { text: string }

/** The world as the plan found it, of what it touches and what guards that. */
export interface ExpectedState {
  units: Pick<UnitRow, 'address' | 'lifecycleStatus' | 'contentHash' | 'versionStatus' | 'pendingHash'>[]
  surface: Survey['surface']
}

export interface PlanInput {
  document: string
  mode: Mode
  machineVersion: string
  bytes: Uint8Array
  scan: Scan
  /** A user's own, with which the texts in force may have to be read. */
  profiles?: readonly Profile[]
  survey: Survey
  /** The texts of the units in force, as the survey names them. */
  inForce: CurrentText[]
  unitCap: number
  accept?: string | undefined
}

/**
 * The governance rows that one cut of n units writes, ORIGIN's arithmetic: n blocks, n affected rows, 13 others. In a re-cut n
 * counts units and versions that are written, and each unit that ends has a block of origin.
 */
export const governanceRows = (units: number, endings = 0) => 13 + 2 * units + endings

export const isWritten = ({ action }: UnitAction) => action !== 'keep'
/** Written as a later version of a unit that was in force before. */
export const isVersion = ({ action }: UnitAction) =>
  action === 'amend' || action === 'revive' || action === 'adopt-version'

export function planCut(input: PlanInput): CutPlan {
  const { document, mode, machineVersion, bytes, scan, profiles, survey, inForce, unitCap, accept } = input
  const accepted = findAcceptedProblems(scan, accept)
  const records = selectUnitRecords(scan, inForce)
  const difference = compareWithCurrent(inForce, { bytes, scan }, records, profiles)
  const actions = planActions(input, records, difference)
  const { endings, left } = planEndings(survey, inForce, actions, difference)
  const written = actions.filter(isWritten).length
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
    operation: inForce.length === 0 ? 'first_cut' : 'recut',
    actions,
    endings,
    aliases: difference.aliases,
    left,
    excluded: scan.records
      .filter((record) => isExcluded(record) && !records.has(record))
      .map(({ heading, reason, start, end, sha256 }) => ({
        heading,
        reason: reason ?? '',
        start,
        end,
        sha256,
      })),
    layout: layoutOf(bytes, scan.records, records),
    expected: expectedState(survey),
    arithmetic: { unitsWritten: written, governanceRows: governanceRows(written, endings.length) },
    rollback: {
      beforeCommit: 'ROLLBACK of the one transaction that writes',
      afterCommit:
        'forward only: units and versions that were drafted and are not enacted stay drafts, in force for nobody; nothing is deleted',
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
  const units = survey.units.map(({ address, contentHash, lifecycleStatus, pendingHash, versionStatus }) => ({
    address,
    contentHash,
    lifecycleStatus,
    pendingHash,
    versionStatus,
  }))
  return { units, surface: survey.surface }
}

function layoutOf(bytes: Uint8Array, records: ScanRecord[], units: Set<ScanRecord>): LayoutPiece[] {
  const text = new TextDecoder('utf-8', { ignoreBOM: true })
  const pieces: LayoutPiece[] = []
  for (const record of records) {
    const literal = () => text.decode(bytes.subarray(record.start, record.end))
    const last = pieces.at(-1)
    if (units.has(record)) pieces.push({ contentHash: `sha256:${record.sha256}`, unit: record.address! })
    else if (last !== undefined && 'text' in last) last.text += literal()
    else pieces.push({ text: literal() })
  }
  return pieces
}
