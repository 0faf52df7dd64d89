import type { ChangeKind } from '../../document/diff/change.ts'
import type { OtherDifference } from '../../document/diff/diff-other-text.ts'
import type { Scan } from '../../document/scan.ts'
import { digestOf, sha256 } from '../../domain/json.ts'
import type { Mode } from '../../domain/run.ts'
import type { Survey, UnitRow } from '../../targets/survey.ts'
import type { AcceptedProblem } from './accepted-problems.ts'

// The plan has the digest of each function, trigger, constraint and grant, and the hash of each unit's text. Source, scan, survey, plans and
// backup are evidence, which is stored once by its digest. Snapshots and events hold digests only.

/**
 * The plan of a cut, which SG1 approves. It holds its dependencies and its actions, but no run id, time or random id. So the same
 * inputs and the same target give the same digest. Row counts of complete tables are not part of it, but evidence.
 */
export interface CutPlan {
  type: 'cutter.plan.cut/v1'
  machineVersion: string
  mode: Mode
  document: string
  target: { systemIdentifier: string; database: string; serverVersion: number }
  source: {
    sourceVersionId: string
    sha256: string
    bytes: number
    profile: string
    profileVersion: string
    /** Profile, version and levels; left out in a first cut whose levels the profile finds. */
    reading?: string
  }
  /** The day on which the decision commences, YYYY-MM-DD; left out: when the second gate is carried out. */
  commencesOn?: string
  /** Only where the text in force was read in another way: its reading, and the one of this plan. */
  reading?: { was: string; now: string }
  limits: { units: number }
  /** Problems of the text that were accepted at the start of the run; left out if there are none. */
  accepted?: AcceptedProblem[]
  /** `recut` if any unit of the document is in force already. */
  operation: 'first_cut' | 'recut'
  actions: UnitAction[]
  endings: Ending[]
  aliases: Alias[]
  /** Ids of the source by which other systems cite its units; left out if it has none. */
  sourceIds?: SourceId[]
  /** Lines outside of units that differ from the text in force; left out if there are none. */
  otherText?: OtherTextChange[]
  /** Units that stand at another place in the text than before; left out if there are none. */
  moved?: string[]
  /** Addresses of drafts that this text does not have. They stay drafts and are not in force. */
  left: string[]
  excluded: { heading: string | null; reason: string; start: number; end: number; sha256: string }[]
  /** The complete document in its order, so that it can be reassembled from the database alone. */
  layout: LayoutPiece[]
  expected: ExpectedState
  /** Number of rows that the cut writes. SG2 adds its review, a row for each alias, and one for each id that is new. */
  arithmetic: { unitsWritten: number; governanceRows: number }
  rollback: { beforeCommit: string; afterCommit: string }
}

/** The action for one unit of the text. */
export interface UnitAction {
  /**
   * create: a new unit. adopt: the target has a draft with this text. redraft: it has a draft with another text. amend: a new version
   * of a unit in force. revive: a new version of a unit that went out of force. adopt-version: the target has such a version as a
   * draft. keep: the unit is in force with this text.
   */
  action: 'create' | 'adopt' | 'redraft' | 'amend' | 'revive' | 'adopt-version' | 'keep'
  address: string
  kind: string
  number: string | null
  title: string
  parent: string | null
  contentHash: string
  /** Content hash of the text in force at this address; null if there is none. */
  oldContentHash: string | null
  /** The change of the text in force; null if nothing of the document is in force. */
  change: ChangeKind | null
  /** The addresses of the text in force from which this text came. */
  from: string[]
  /** Byte offsets of the text in the source; `end` is exclusive. */
  start: number
  end: number
  /** Position in the text, from 1. */
  sortOrder: number
}

/** A unit in force that the text no longer has. It is superseded if other units have its text now, else retired. */
export interface Ending {
  action: 'supersede' | 'retire'
  address: string
  contentHash: string
  number: string | null
  sortOrder: number | null
  successors: string[]
}

/** The new address of a text. `rename`: the complete text is there. `redirect`: a part of it, or it is among other text. */
export interface Alias {
  kind: 'rename' | 'redirect'
  aliasAddress: string
  address: string
}

/** An id that an element of the source has, and the unit that it is. */
export interface SourceId {
  id: string
  address: string
}

/** Lines outside of units at one place. `after` is the address of the unit before them, null before the first unit. */
export type OtherTextChange = Pick<OtherDifference, 'after' | 'removed' | 'added'>

/** A unit by its address, or a literal text between units. */
export type LayoutPiece = { unit: string; contentHash: string } | { text: string }

/** The state of the target that the plan expects: the document's units, and the objects that guard them. */
export interface ExpectedState {
  units: Pick<UnitRow, 'address' | 'lifecycleStatus' | 'contentHash' | 'versionStatus' | 'pendingHash'>[]
  surface: Survey['surface']
}

/** Whether the action writes rows. */
export const isWritten = ({ action }: UnitAction) => action !== 'keep'
/** Whether the action writes a later version of a unit that was in force before. */
export const isVersion = ({ action }: UnitAction) =>
  action === 'amend' || action === 'revive' || action === 'adopt-version'

/** Returns the id of a source version. The same document, source and profile have the same id in every run. */
export function sourceVersionId(
  document: string,
  scan: Pick<Scan, 'sha256' | 'profile' | 'profileVersion'>,
): string {
  const { sha256: source, profile, profileVersion } = scan
  return `sv-${sha256(digestOf({ document, source, profile, profileVersion })).slice(0, 32)}`
}

/** Reduces a survey to the state that a plan expects. */
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
