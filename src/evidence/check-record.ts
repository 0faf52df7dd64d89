import { faultInHistory, genesisOf, UPGRADED } from '../domain/history.ts'
import { canonicalJson, digestOfBytes } from '../domain/json.ts'
import type { HistoryEntry } from '../domain/run.ts'
import { filesOf, manifestOf } from './bundle.ts'
import { type BundleFault, fault } from './fault.ts'
import { MANIFEST, pathOfEvidence, VERIFY } from './layout.ts'
import { genesisOfRun, type RunRecord } from './record.ts'
import { asBuffer, type Files } from './tar.ts'

/** What can be told of a bundle without a signature: each check looks at what the ones before it have vouched for. */

export function faultInManifest(files: Files): BundleFault | null {
  const manifest = files.get(MANIFEST)
  if (manifest === undefined) return fault('MANIFEST_WRONG', MANIFEST, 'there is no manifest')
  const [given, due] = [linesOf(asBuffer(manifest).toString()), linesOf(manifestOf(files))]
  for (const [path, line] of due) {
    if (!given.has(path)) return fault('MANIFEST_WRONG', path, `the manifest does not name ${path}`)
    if (given.get(path) !== line)
      return fault('MANIFEST_WRONG', path, `${path} is not the file that the manifest names`)
  }
  const missing = [...given.keys()].find((path) => !due.has(path))
  if (missing !== undefined)
    return fault('MANIFEST_WRONG', missing, `the manifest names ${missing}, which is missing`)
  const isWhole = asBuffer(manifest).equals(Buffer.from(manifestOf(files)))
  return isWhole ? null : fault('MANIFEST_WRONG', MANIFEST, 'the manifest is not in its one form')
}

const linesOf = (manifest: string) =>
  new Map(
    manifest
      .split('\n')
      .slice(0, -1)
      .map((line) => [line.slice(66), line]),
  )

/** The files that this record gives must be the files that there are, byte for byte. */
export function faultInFiles(files: Files, record: RunRecord): BundleFault | null {
  const verify = files.get(VERIFY)
  if (verify === undefined) return fault('FILE_MISSING', VERIFY, `the file ${VERIFY} is missing`)
  const due = filesOf(record, '')
  for (const path of files.keys()) {
    if (!due.has(path)) return fault('FILE_UNKNOWN', path, `${path} belongs to nothing that the run left`)
  }
  for (const [path, bytes] of due) {
    if (path === VERIFY || path === MANIFEST || asBuffer(bytes).equals(files.get(path) ?? empty)) continue
    return fault('FILE_UNREADABLE', path, `${path} is not in the one form that its content has`)
  }
  return null
}

const empty = Buffer.alloc(0)

/** `run.json` says nothing that the run's first facts, its last entry and its snapshot don't say. */
export function faultInRun({ genesis, run, history, snapshot }: RunRecord): BundleFault | null {
  const differs = (what: string) => fault('RUN_DIFFERS', 'run.json', `run.json tells another ${what}`)
  const last = history.at(-1)
  const first = history[0]
  if (last === undefined || first === undefined)
    return fault('HISTORY_BROKEN', 'history.jsonl', 'the history is empty')
  if (genesisOf(genesis) !== first.previousHash) {
    const why = 'the run’s first facts are not those that its first entry was made with'
    return fault('RUN_DIFFERS', 'genesis.json', why)
  }
  for (const field of ['runId', 'machine', 'mode', 'startedBy', 'startedAt'] as const) {
    if (run[field] !== genesis[field]) return differs(`${field} than genesis.json`)
  }
  const started = genesisOfRun(genesis, history)
  const now = versionAt(history, genesis)
  const isOfHistory =
    canonicalJson(started) === canonicalJson(genesis) &&
    run.version === now.version &&
    run.definitionDigest === now.definitionDigest
  if (!isOfHistory) return differs('version than the history')
  const { seq, hash: head, at: updatedAt, state, status, snapshotDigest } = last
  for (const [field, value] of Object.entries({ seq, head, updatedAt, state, status, snapshotDigest })) {
    if (run[field as 'seq'] !== value) return differs(`${field} than the last entry of the history`)
  }
  if ((status === 'closed') !== (run.outcome !== null)) return differs('end than the history')
  const said = contextOf(snapshot)
  if (said === null) return null
  if ((said.planDigest ?? null) !== run.planDigest) return differs('planDigest than snapshot.json')
  return canonicalJson(said.output ?? null) === canonicalJson(run.output)
    ? null
    : differs('output than snapshot.json')
}

/** Version and definition under which a run goes on; an upgrade's entry says to which. */
export function versionAt(
  history: HistoryEntry[],
  genesis: { version: string; definitionDigest: string },
): { version: string; definitionDigest: string } {
  const to = history.filter(({ event }) => event.type === UPGRADED).at(-1)?.event.to
  const { version, definitionDigest } = (to ?? genesis) as { version: string; definitionDigest: string }
  return { version, definitionDigest }
}

function contextOf(snapshot: string): { planDigest?: unknown; output?: unknown } | null {
  try {
    return (JSON.parse(snapshot) as { snapshot?: { context?: object } }).snapshot?.context ?? null
  } catch {
    return null
  }
}

export function faultInChain({ genesis, history }: RunRecord): BundleFault | null {
  const broken = faultInHistory({ ...genesis, ...versionAt(history, genesis) }, history)
  return broken === null ? null : fault('HISTORY_BROKEN', 'history.jsonl', broken)
}

export function faultInSnapshot({ snapshot, history }: RunRecord): BundleFault | null {
  if (digestOfBytes(snapshot) === history.at(-1)!.snapshotDigest) return null
  return fault('SNAPSHOT_DIFFERS', 'snapshot.json', 'snapshot.json is not the one that the last entry names')
}

export function faultInPlans(record: RunRecord): BundleFault | null {
  return faultInBytes(record, 'PLAN_DIFFERS', true)
}

export function faultInEvidence(record: RunRecord): BundleFault | null {
  return faultInBytes(record, 'EVIDENCE_DIFFERS', false)
}

function faultInBytes(
  { evidence, bytes, history }: RunRecord,
  code: 'PLAN_DIFFERS' | 'EVIDENCE_DIFFERS',
  plans: boolean,
) {
  for (const row of evidence.filter(({ name }) => name.startsWith('plan/') === plans)) {
    const path = pathOfEvidence(row)
    if (row.seq > history.length)
      return fault(
        code,
        'evidence.json',
        `${row.name} is said to come from entry ${row.seq}, which there is not`,
      )
    if (digestOfBytes(bytes.get(row.digest)!) !== row.digest)
      return fault(code, path, `${path} (${row.name} of entry ${row.seq}) was edited`)
  }
  return null
}

/** Whether a plan can be the one that the run held at an entry: the newest of its gate, or, where none bears that name, one that it had. */
export function isPlanAt(record: RunRecord, digest: string, gate: string, seq: number): boolean {
  const ofGate = record.evidence.filter((row) => row.name === `plan/${gate}` && row.seq <= seq)
  const newest = ofGate.at(-1)
  return newest === undefined ? isNamedBefore(record, digest, seq) : newest.digest === digest
}

/** Whether the history or the evidence beside it names a digest at or before an entry. */
function isNamedBefore({ history, evidence }: RunRecord, digest: string, seq: number): boolean {
  const names = (value: unknown): boolean =>
    value === digest || (value !== null && typeof value === 'object' && Object.values(value).some(names))
  return (
    evidence.some((row) => row.digest === digest && row.seq <= seq) ||
    history.slice(0, seq).some(({ event }) => names(event))
  )
}
