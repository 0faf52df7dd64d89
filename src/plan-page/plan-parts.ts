import { countWords } from '../domain/count-words.ts'
import type { Json } from '../domain/json.ts'
import { statementWords } from '../domain/statement-words.ts'
import { MEANING as CUT_ACTIONS } from './cut-plan-page.ts'
import { deployPlan } from './deploy-plan-page.ts'
import { hostsPlan, hostsRollback } from './hosts-plan-page.ts'
import { MEANING as LIFECYCLE_ACTIONS } from './lifecycle-plan-page.ts'
import { migrationPlan, rollbackPlan } from './migration-plan-schema.ts'
import { cutPlan, lifecyclePlan } from './plan-schema.ts'
import { inOurWords } from './plan-words.ts'

/** Reads evidence by its digest; null when it is not at hand. */
export type EvidenceReader = (digest: string) => Promise<Uint8Array | null>

/** A plan by its parts, with the headings and labels of its page. What follows from other fields is left out. */
export interface PlanParts {
  type: string
  parts: ReadonlyMap<string, Json>
}

type Fields = { [key: string]: Json }
/** Where a field of a plan is shown, and how; by default as it is, with its labels in our words. */
type Shown = [part: string, show?: (value: never, texts: (unit: Fields) => Json) => Json]

const ABOUT = 'About the plan'
const EXPECTS = 'What it expects of the world'
const BACK = 'How it is taken back'
const ORDER = 'What happens, in this order'

const action =
  (meaning: { [action: string]: string }) =>
  (actions: Fields[], textOf: (unit: Fields) => Json): Json =>
    actions.map(({ address, title, contentHash, start, end, sortOrder: _, action: name, ...rest }) => {
      const text = textOf({ contentHash: contentHash ?? null, start: start ?? null, end: end ?? null })
      const isHash = text === contentHash
      const what = meaning[String(name)]
      return {
        address: address ?? null,
        ...(isHash && title !== undefined ? { heading: title } : {}),
        ...(contentHash === undefined ? {} : { [isHash ? 'digest of the text' : 'text']: text }),
        action: what === undefined ? (name ?? null) : `${String(name)} (${what})`,
        ...(inOurWords(rest) as Fields),
      }
    })

/** The text between units; the units in it are among the actions. */
const textBetween = (layout: Fields[]): Json => ({
  text: layout.map(({ text }) => (typeof text === 'string' ? text : '')).join(''),
})

function expectedOfTarget({ units, surface, ...rest }: Fields): Json {
  const { grants = [], ...guards } = (surface ?? {}) as { [kind: string]: Fields[] }
  return {
    ...(units === undefined ? {} : { 'units in the target': inOurWords(units) }),
    ...(inOurWords(guards) as Fields),
    grants: grants.map(({ privilege, object, grantee }) => `${privilege} on ${object} to ${grantee}`),
    ...(inOurWords(rest) as Fields),
  }
}

const CUT: { [field: string]: Shown } = {
  arithmetic: ['In short'],
  actions: ['Units', action(CUT_ACTIONS)],
  endings: ['Units that go out of force'],
  aliases: ['Old addresses'],
  sourceIds: ['Ids of the source'],
  otherText: ['Text outside of units, against the text in force'],
  moved: ['Units at another place in the text'],
  left: ['Drafts that this text does not have'],
  accepted: ['Problems that were accepted'],
  excluded: ['What becomes no unit'],
  layout: ['Text outside of units', textBetween],
  source: ['Source'],
  expected: [EXPECTS, expectedOfTarget],
  rollback: [BACK],
}

const LIFECYCLE = { ...CUT, actions: ['Units', action(LIFECYCLE_ACTIONS)] as Shown }

/** A deploy has `from` and `to`, and a rollback `now` and `back`. */
const linkWords = ({ path, from, to, now, back, ...rest }: Fields): Json => ({
  path: path ?? null,
  'leads to': from ?? now ?? null,
  'will lead to': to ?? back ?? null,
  ...(inOurWords(rest) as Fields),
})

const releaseChanges = ({ added, changed, removed, counts, ...rest }: Fields): Json => ({
  ...(inOurWords({
    newFiles: added!,
    changedFiles: changed!,
    removedFiles: removed!,
    numberOf: counts!,
  }) as Fields),
  ...(inOurWords(rest) as Fields),
})

const DEPLOY: { [field: string]: Shown } = {
  host: ['Host'],
  source: ['Source'],
  artifact: ['What is sent'],
  place: ['Where it goes'],
  pointer: ['The link to the release that is live', linkWords],
  activation: ['Activation'],
  old: ['Old releases that are removed'],
  outside: ['Folders outside of the new folder'],
  known: ['Releases of other homes'],
  changes: ['What changes', releaseChanges],
  commands: [ORDER],
  rollback: [BACK],
  checks: ['Checks'],
  expected: [EXPECTS],
  // Of rollbacks.
  removes: ['What is removed'],
  built: ['What its build made'],
  holds: ['What the folder holds'],
  copies: ['Rehearsal databases that are removed'],
}

/** A script by its text. The digest and the lines of its statements follow from it. */
function script({ file, sha256, text, statements, ...rest }: Fields): Json {
  return {
    file: file ?? null,
    ...(text === undefined ? { digest: sha256 ?? null } : { text }),
    statement: (statements as Fields[]).map(({ sha256: _, line: __, kind, ...work }) => ({
      kind: statementWords(String(kind)),
      ...(inOurWords(work) as Fields),
    })),
    ...(inOurWords(rest) as Fields),
  }
}

/** The plan holds no more than the digest; the last check at the gate says what differs. */
const expectedSchema = ({ schema, ...rest }: Fields): Json => ({
  'digest of the schema that it touches': schema ?? null,
  ...(inOurWords(rest) as Fields),
})

function expectedChanges({ rows, ...rest }: Fields): Json {
  const words = Object.entries((rows ?? {}) as { [table: string]: Fields }).map(
    ([table, { columns = [], ...changes }]): [string, Json] => [
      `rows of ${table}`,
      {
        ...Object.fromEntries(
          Object.entries(changes).map(([how, count]) => [how, countWords(count as string)]),
        ),
        'columns with other values': columns,
      },
    ],
  )
  return { ...Object.fromEntries(words), ...(inOurWords(rest) as Fields) }
}

const MIGRATION: { [field: string]: Shown } = {
  bundle: ['Migration bundle'],
  migration: ['The script', script],
  rollback: ['The script that takes it back', script],
  checks: ['Checks'],
  checksOnTarget: ['Checks on the target'],
  dependsOn: [EXPECTS, expectedSchema],
  procedure: ['Procedure'],
  parts: [ORDER],
  expect: ['What changes', expectedChanges],
  rehearsed: ['What the rehearsal found'],
  sideEffects: ['Accepted in advance'],
  deviations: ['Differences of the rehearsal database that were accepted'],
  notRehearsedWith: ['What was not rehearsed'],
  limits: ['Limits'],
  lint: ['Findings of squawk'],
  because: ['Why'],
  restore: ['How to restore the backup'],
}

/** The shipped plans. A plan that does not read as one of them has no parts. */
const PLANS: { type: string; reads(plan: Json): boolean; fields: { [field: string]: Shown } }[] = [
  { type: 'cut', reads: (plan) => cutPlan.safeParse(plan).success, fields: CUT },
  { type: 'lifecycle', reads: (plan) => lifecyclePlan.safeParse(plan).success, fields: LIFECYCLE },
  { type: 'hosts', reads: (plan) => hostsPlan.safeParse(plan).success, fields: DEPLOY },
  { type: 'hosts', reads: (plan) => hostsRollback.safeParse(plan).success, fields: DEPLOY },
  { type: 'deploy', reads: (plan) => deployPlan.safeParse(plan).success, fields: DEPLOY },
  { type: 'migration', reads: (plan) => migrationPlan.safeParse(plan).success, fields: MIGRATION },
  { type: 'migration', reads: (plan) => rollbackPlan.safeParse(plan).success, fields: MIGRATION },
  { type: 'rollback', reads: isOther, fields: DEPLOY },
]

/** Plans without a page of their own: their fields are facts, lists of text and commands. */
function isOther(plan: Json): boolean {
  const { type } = (plan ?? {}) as Fields
  return typeof type === 'string' && /^cutter\.plan\.(rollback|rollback-staging|teardown)\/v\d+$/.test(type)
}

/** The parts of a shipped plan; null for any other plan. */
export async function planParts(plan: Json, evidence: EvidenceReader): Promise<PlanParts | null> {
  const found = PLANS.find(({ reads }) => reads(plan))
  if (found === undefined) return null
  const { hosts, ...fields } = plan as Fields
  const parts = partsOf(fields, found.fields, await unitTexts(fields, evidence))
  if (!Array.isArray(hosts)) return { type: String(fields.type), parts }
  const names = (hosts as Fields[]).map(({ host }) => (host as Fields).name as string)
  parts.set('The hosts, in this order', names)
  for (const [at, one] of (hosts as Fields[]).entries())
    for (const [part, value] of partsOf(one, found.fields, (unit) => unit))
      parts.set(`Host ${names[at]}: ${part}`, value)
  return { type: String(fields.type), parts }
}

function partsOf(
  plan: Fields,
  shown: { [field: string]: Shown },
  textOf: (unit: Fields) => Json,
): Map<string, Json> {
  const others = Object.entries(plan).filter(([field]) => !Object.hasOwn(shown, field))
  const parts = new Map<string, Json>([[ABOUT, inOurWords(Object.fromEntries(others))]])
  for (const [field, [part, show]] of Object.entries(shown)) {
    const value = plan[field]
    if (value === undefined) continue
    const isReadable = show !== undefined && value !== null
    parts.set(part, isReadable ? show(value as never, textOf) : inOurWords(value))
  }
  return parts
}

/** Gives the text of a unit from the source that the plan names; its digest where the source is not at hand. */
async function unitTexts({ source }: Fields, evidence: EvidenceReader): Promise<(unit: Fields) => Json> {
  const { sha256 } = (source ?? {}) as Fields
  const bytes = typeof sha256 === 'string' ? await evidence(`sha256:${sha256}`) : null
  return ({ contentHash, start, end }) =>
    bytes === null || typeof start !== 'number' || typeof end !== 'number'
      ? contentHash!
      : new TextDecoder().decode(bytes.subarray(start, end))
}
