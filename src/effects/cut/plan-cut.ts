import type { Profile } from '../../document/profiles/profile.ts'
import type { Scan } from '../../document/scan.ts'
import type { ScanRecord } from '../../document/structure/records.ts'
import type { Mode } from '../../domain/run.ts'
import type { Survey } from '../../targets/survey.ts'
import { acceptProblems } from './accepted-problems.ts'
import { compareWithCurrent } from './changes.ts'
import type { CurrentText } from './current-texts.ts'
import { findExplainedGaps } from './explained-gaps.ts'
import { findOtherChanges } from './other-text.ts'
import { findPinnedReading, namePriorReading } from './pinned-reading.ts'
import { type CutPlan, expectedState, isWritten, type LayoutPiece, sourceVersionId } from './plan.ts'
import { isExcluded, planActions, planEndings, selectUnitRecords } from './plan-actions.ts'
import { listSourceIds } from './source-ids.ts'
import type { StoredText } from './stored-text.ts'

/** The input of `planCut`. */
interface PlanInput {
  document: string
  mode: Mode
  machineVersion: string
  bytes: Uint8Array
  scan: Scan
  /** A user's own profiles, which may be needed to read the texts in force. */
  profiles?: readonly Profile[]
  survey: Survey
  /** The texts of the units in force that the survey names. */
  inForce: CurrentText[]
  /** The complete text in force, as it was cut last. Left out or null: no cut brought the document into force. */
  prior?: StoredText | null
  unitCap: number
  accept?: string | undefined
  /** The day of commencement, YYYY-MM-DD. */
  commences?: string | undefined
  /** Whether the levels that are cut were given, by the last cut or by the operator. */
  levelsGiven?: boolean
}

/**
 * The number of governance rows of a cut of n units: n blocks, n affected rows, 13 others. In a re-cut, n counts the units and versions
 * that are written, and each unit that ends adds a block of origin.
 */
const countGovernanceRows = (units: number, endings = 0) => 13 + 2 * units + endings

/**
 * Plans a cut. The result depends on the input alone.
 *
 * @throws Stop STOP_REFUSED_INPUT when an address belongs to another document or text outside of units changes and nobody accepted
 *   that, STOP_UNITS_DIFFER when the target has units that no cut can have left.
 */
export function planCut(input: PlanInput): CutPlan {
  const { document, mode, machineVersion, bytes, scan, profiles, survey, inForce, unitCap } = input
  const { prior = null, accept } = input
  const records = selectUnitRecords(scan, inForce)
  const pinned = prior === null ? null : findPinnedReading(prior, profiles)
  // A reading that is not known here is another one.
  const readAnew = prior === null || pinned === scan.reading ? null : (pinned ?? namePriorReading(prior))
  const isReadAnew = readAnew !== null
  const before = { units: inForce, otherText: joinOtherText(prior), isReadAnew }
  const difference = compareWithCurrent(before, { bytes, scan }, records, profiles)
  const actions = planActions(input, records, difference)
  const { endings, left } = planEndings(survey, inForce, actions, difference)
  const sourceIds = listSourceIds(bytes, records)
  const layout = buildLayout(bytes, scan.records, records)
  const { otherText, moved, problems } = findOtherChanges(prior, scan, records, bytes)
  const found = [...scan.problems, ...problems]
  const explained = findExplainedGaps({ ...input, units: records, changes: difference })
  const accepted = acceptProblems(found, accept, explained)
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
      ...(input.levelsGiven === true || isReadAnew ? { reading: scan.reading } : {}),
    },
    ...(input.commences === undefined ? {} : { commencesOn: input.commences }),
    ...(isReadAnew ? { reading: { was: readAnew, now: scan.reading } } : {}),
    limits: { units: unitCap },
    ...(accepted.length === 0 ? {} : { accepted }),
    operation: inForce.length === 0 ? 'first_cut' : 'recut',
    actions,
    endings,
    aliases: difference.aliases,
    ...(sourceIds.length === 0 ? {} : { sourceIds }),
    ...(otherText.length === 0 ? {} : { otherText }),
    ...(moved.length === 0 ? {} : { moved }),
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
    layout,
    expected: expectedState(survey),
    arithmetic: { unitsWritten: written, governanceRows: countGovernanceRows(written, endings.length) },
    // Part of the plan digest of open runs: these texts must not change.
    rollback: {
      beforeCommit: 'ROLLBACK of the one transaction that writes',
      afterCommit:
        'forward only: units and versions that were drafted and are not enacted stay drafts, in force for nobody; nothing is deleted',
    },
  }
}

/** The text in force outside of units. */
const joinOtherText = (prior: StoredText | null): string =>
  (prior?.pieces ?? []).flatMap((piece) => ('address' in piece ? [] : [piece.text])).join('\n')

/** Divides the document into its units and the literal texts between them. */
function buildLayout(bytes: Uint8Array, records: ScanRecord[], units: Set<ScanRecord>): LayoutPiece[] {
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
