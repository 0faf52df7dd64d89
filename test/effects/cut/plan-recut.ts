import type { Profile } from '../../../src/document/profiles/profile.ts'
import { type Scan, scanDocument } from '../../../src/document/scan.ts'
import type { CurrentText } from '../../../src/effects/cut/current-texts.ts'
import { type CutPlan, sourceVersionId } from '../../../src/effects/cut/plan.ts'
import { planCut } from '../../../src/effects/cut/plan-cut.ts'
import type { StoredText } from '../../../src/effects/cut/stored-text.ts'
import type { Survey, UnitRow } from '../../../src/targets/survey.ts'

const DOCUMENT = 'CHARTER'

const rowOf = ({ address, contentHash, sortOrder }: CurrentText): UnitRow => ({
  ...{ address, contentHash, sortOrder, unitId: `u-${address}`, versionId: `v-${address}`, versionSeq: 1 },
  ...{ lifecycleStatus: 'enacted', versionStatus: 'enacted', pendingSeq: null, pendingHash: null },
  createdBy: 'cutter:test',
})

/** How a text is read: a profile, and a user's own profiles at that time. */
export interface ReadBy {
  profile: string
  profiles: readonly Profile[]
}

/** What the record of a cut names: of the oldest ones the id of the source version alone. */
export type Recorded = 'id' | 'profile' | 'reading'

/** A text as a cut left it in force. */
export function enacted(
  text: string,
  by: ReadBy,
  recorded: Recorded,
): { inForce: CurrentText[]; prior: StoredText } {
  const bytes = Buffer.from(text)
  const found = scanDocument(bytes, { document: DOCUMENT, ...by })
  const bodyOf = ({ start, end }: Scan['records'][number]) => bytes.subarray(start, end).toString()
  const inForce = found.records
    .filter(({ kind }) => kind === 'unit')
    .map((record, index) => ({
      ...{ address: record.address!, number: record.number, parent: record.parent, sortOrder: index + 1 },
      ...{ contentHash: `sha256:${record.sha256}`, body: bodyOf(record) },
    }))
  const pieces = found.records.map((record) =>
    record.kind === 'unit' ? { address: record.address!, text: bodyOf(record) } : { text: bodyOf(record) },
  )
  const prior = {
    ...{ pieces, document: DOCUMENT, sourceSha256: found.sha256 },
    sourceVersionId: sourceVersionId(DOCUMENT, found),
    ...(recorded === 'profile' ? { profile: `${found.profile}@${found.profileVersion}` } : {}),
    ...(recorded === 'reading' ? { reading: found.reading } : {}),
  }
  return { inForce, prior: prior as unknown as StoredText }
}

interface RecutOptions {
  accept?: string | undefined
  /** Whether a cut brought the units into force. */
  wasCut?: boolean
  was?: ReadBy
  now?: ReadBy
  recorded?: Recorded
}

const MARKDOWN: ReadBy = { profile: 'markdown', profiles: [] }

/** Plans the re-cut of a text that a cut left in force. */
export function planRecut(before: string, after: string, options: RecutOptions = {}): CutPlan {
  const { accept, wasCut = true, was = MARKDOWN, now = MARKDOWN, recorded = 'reading' } = options
  const { inForce, prior } = enacted(before, was, recorded)
  const bytes = Buffer.from(after)
  return planCut({
    ...{ document: DOCUMENT, mode: 'dry-run', machineVersion: '1', bytes, accept, profiles: now.profiles },
    ...{ scan: scanDocument(bytes, { document: DOCUMENT, ...now }), inForce, unitCap: 100 },
    prior: wasCut ? prior : null,
    survey: {
      server: {
        ...{ systemIdentifier: '1', database: 'cutter', version: '15.18', versionNumber: 150018 },
        user: 'cutter_reader',
      },
      ...{ counts: {} as Survey['counts'], unreadable: [], grantMatrixDigest: '', neighbours: [] },
      ...{ surface: { functions: [], triggers: [], constraints: [], grants: [] } },
      units: inForce.map(rowOf),
    },
  })
}
