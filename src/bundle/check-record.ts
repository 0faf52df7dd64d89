import { type Definition, findHistoryFault, genesisHash, UPGRADED } from '../domain/history.ts'
import { entryMarks, findPolicyNameFault } from '../domain/history-facts.ts'
import { canonicalJson, digestOfBytes } from '../domain/json.ts'
import { nameInLine } from '../domain/visible.ts'
import { type BundleFault, bundleFault } from './bundle-fault.ts'
import { manifestText } from './bundle-files.ts'
import type { BundleFormat } from './bundle-format.ts'
import { MANIFEST, pathOfEvidence, VERIFY } from './bundle-paths.ts'
import { type RunFacts, readRunFacts } from './run-facts.ts'
import { genesisFacts, type RunRecord, wordingFor } from './run-record.ts'
import { asBuffer, type Files } from './tar.ts'

/**
 * `MANIFEST.sha256` must name each other file with its SHA-256, and no file that is missing, in its canonical form. `sha256sum -c` repeats
 * this check where there is no Cutter.
 */
export function findManifestFault(files: Files): BundleFault | null {
  const manifest = files.get(MANIFEST)
  if (manifest === undefined) return bundleFault('MANIFEST_WRONG', MANIFEST, 'the manifest is missing')
  const [given, due] = [linesOf(asBuffer(manifest).toString()), linesOf(manifestText(files))]
  for (const [path, line] of due) {
    if (!given.has(path)) return bundleFault('MANIFEST_WRONG', path, `the manifest does not name ${path}`)
    if (given.get(path) !== line)
      return bundleFault('MANIFEST_WRONG', path, `${path} is not the file that the manifest names`)
  }
  const missing = [...given.keys()].find((path) => !due.has(path))
  if (missing !== undefined)
    return bundleFault('MANIFEST_WRONG', missing, `the manifest names ${missing}, which is missing`)
  const isCanonical = asBuffer(manifest).equals(Buffer.from(manifestText(files)))
  return isCanonical
    ? null
    : bundleFault('MANIFEST_WRONG', MANIFEST, 'the manifest is not in its canonical form')
}

const linesOf = (manifest: string) =>
  new Map(
    manifest
      .split('\n')
      .slice(0, -1)
      .map((line) => [line.slice(66), line]),
  )

/**
 * The record must give exactly the files of the bundle, byte for byte. VERIFY.md is checked later, because it can be derived only from
 * a record that holds.
 */
export function findFileFault(
  files: Files,
  record: RunRecord,
  { bundleFiles }: BundleFormat,
): BundleFault | null {
  if (!files.has(VERIFY)) return bundleFault('FILE_MISSING', VERIFY, `the file ${VERIFY} is missing`)
  const due = bundleFiles(record, '')
  for (const path of files.keys()) {
    if (!due.has(path)) return bundleFault('FILE_UNKNOWN', path, `${path} does not belong to this bundle`)
  }
  for (const [path, bytes] of due) {
    if (path === VERIFY || path === MANIFEST || asBuffer(bytes).equals(files.get(path) ?? empty)) continue
    return bundleFault('FILE_UNREADABLE', path, `${path} is not in the canonical form of its content`)
  }
  return null
}

/** VERIFY.md must be the text that the record gives, because other commands would mislead whoever runs them. */
export function findVerifyTextFault(
  files: Files,
  record: RunRecord,
  { verifyText }: BundleFormat,
): BundleFault | null {
  const differs = (why: string) => bundleFault('VERIFY_TEXT_DIFFERS', VERIFY, why)
  if (record.instructions > wordingFor(record))
    return differs(`${VERIFY} has the wording for approvals on a web page, and no such approval counts`)
  const isDue = asBuffer(files.get(VERIFY)!).equals(Buffer.from(verifyText(record)))
  return isDue ? null : differs(`${VERIFY} is not the text that Cutter writes for this run`)
}

const empty = Buffer.alloc(0)

/** Characters that could begin a line of their own, in VERIFY.md too, or hide what a name says. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u

/** The run, its machine and versions, its states and gates, and those who countersigned have names of one plain line. */
export function findNameFault({ genesis, history, closeout }: RunRecord): BundleFault | null {
  const { runId, machine, version } = genesis
  const names = history.flatMap((entry) => {
    const { arrival } = entryMarks(entry)
    const to = entry.event.type === UPGRADED ? [(entry.event.to as unknown as Definition).version] : []
    return [entry.state, ...(arrival === undefined ? [] : [arrival.gate]), ...to]
  })
  const signers = closeout?.countersigned.map(({ signer }) => signer) ?? []
  const odd = [runId, machine, version, ...names, ...signers].find((name) => HIDDEN.test(name))
  if (odd === undefined) return null
  const why = `the name ${JSON.stringify(odd)} is not one plain line`
  return bundleFault('FILE_UNREADABLE', null, why)
}

/** `run.json` must agree with the first facts, the history and the snapshot of the run. */
export function findRunFault({ genesis, run, history, snapshot }: RunRecord): BundleFault | null {
  const first = history[0]
  if (first === undefined) return bundleFault('HISTORY_BROKEN', 'history.jsonl', 'the history is empty')
  const startsSo = canonicalJson(genesisFacts(genesis, history)) === canonicalJson(genesis)
  if (!startsSo || genesisHash(genesis) !== first.previousHash) {
    const why = 'the first facts of the run are not those of its first entry'
    return bundleFault('RUN_DIFFERS', 'genesis.json', why)
  }
  const due = readRunFacts(genesis, history, snapshot)
  if (due === null)
    return bundleFault('SNAPSHOT_DIFFERS', 'snapshot.json', 'snapshot.json is not a snapshot of a run')
  const differs = (what: string) => bundleFault('RUN_DIFFERS', 'run.json', `run.json has another ${what}`)
  for (const [field, value] of Object.entries(due)) {
    if (canonicalJson(value) !== canonicalJson(run[field as keyof RunFacts]))
      return differs(`${field} than the history and the snapshot`)
  }
  return (run.status === 'closed') === (run.outcome !== null) ? null : differs('end than the history')
}

/** The hash of each history entry must cover the entry before it, and the first one the facts with which the run started. */
export function findChainFault({ genesis, run, history }: RunRecord): BundleFault | null {
  const { version, definitionDigest } = run
  const broken = findHistoryFault({ ...genesis, version, definitionDigest }, history)
  return broken === null ? null : bundleFault('HISTORY_BROKEN', 'history.jsonl', broken)
}

/** `snapshot.json` must have the digest that the last entry of the history names. */
export function findSnapshotFault({ snapshot, history }: RunRecord): BundleFault | null {
  if (digestOfBytes(snapshot) === history.at(-1)!.snapshotDigest) return null
  return bundleFault(
    'SNAPSHOT_DIFFERS',
    'snapshot.json',
    'snapshot.json is not the one that the last entry names',
  )
}

/** Each arrival at a gate names the newest plan of that gate, and the plans have the bytes that their digests name. */
export function findPlanFault(record: RunRecord): BundleFault | null {
  for (const entry of record.history) {
    const { arrival } = entryMarks(entry)
    if (arrival === undefined || arrival.planDigest === null) continue
    if (isPlanAt(record, arrival.planDigest, arrival.gate, entry.seq)) continue
    const why = `entry ${entry.seq} arrives at ${nameInLine(arrival.gate)} with a plan that is not the newest of that gate`
    return bundleFault('PLAN_DIFFERS', 'history.jsonl', why)
  }
  return faultInBytes(record, 'PLAN_DIFFERS', true)
}

/** Evidence other than plans must have the bytes that its digests name, and no decision may lack the policy under which it was made. */
export function findEvidenceFault(record: RunRecord): BundleFault | null {
  const policy = findPolicyNameFault(record.history)
  if (policy !== null) return bundleFault('EVIDENCE_DIFFERS', 'history.jsonl', policy)
  return faultInBytes(record, 'EVIDENCE_DIFFERS', false)
}

function faultInBytes(
  { evidence, bytes }: RunRecord,
  code: 'PLAN_DIFFERS' | 'EVIDENCE_DIFFERS',
  plans: boolean,
) {
  for (const row of evidence.filter(({ name }) => name.startsWith('plan/') === plans)) {
    const path = pathOfEvidence(row)
    const found = bytes.get(row.digest)
    if (found !== undefined && digestOfBytes(found) !== row.digest)
      return bundleFault(code, path, `${path} (${row.name} of entry ${row.seq}) was edited`)
  }
  return null
}

/** Whether a plan can be the one of the run at an entry: the newest of its gate. Without evidence of that name, any earlier one. */
export function isPlanAt(record: RunRecord, digest: string, gate: string, seq: number): boolean {
  const ofGate = record.evidence.filter((row) => row.name === `plan/${gate}` && row.seq <= seq)
  const newest = ofGate.at(-1)
  return newest === undefined ? isNamedBefore(record, digest, seq) : newest.digest === digest
}

/** Whether the history or the evidence names a digest at or before an entry. */
function isNamedBefore({ history, evidence }: RunRecord, digest: string, seq: number): boolean {
  const names = (value: unknown): boolean =>
    value === digest || (value !== null && typeof value === 'object' && Object.values(value).some(names))
  return (
    evidence.some((row) => row.digest === digest && row.seq <= seq) ||
    history.slice(0, seq).some(({ event }) => names(event))
  )
}
