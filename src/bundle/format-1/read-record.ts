import { z } from 'zod'
import type { HistoryEntry } from '../../domain/history-entry.ts'
import type { RunIdentity } from '../../domain/run.ts'
import { type BundleFault, bundleFault } from '../bundle-fault.ts'
import type { RunFacts } from '../run-facts.ts'
import type { RecordedApproval, RunRecord, SignedCloseout } from '../run-record.ts'
import type { Files } from '../tar.ts'
import { evidenceNamedIn, signerIn, UPGRADED } from './facts.ts'
import { byCodeUnit, CLOSEOUT, pathOfEvidence, pathOfSignature, pathOfStatement } from './paths.ts'

/**
 * The door: the files of a bundle, which anybody may have written, as a record. Only shapes are looked at here. Values go on
 * as they were parsed, not as the schemas would copy them, so that nothing in them escapes the digests.
 */
export function readRecord(files: Files): { record: RunRecord } | { fault: BundleFault } {
  try {
    const text = textsOf(files)
    const genesis = json(text('genesis.json'), 'genesis.json', genesisShape) as unknown as RunIdentity
    const run = json(text('run.json'), 'run.json', runShape) as unknown as RunFacts
    const history = text('history.jsonl')
      .split('\n')
      .slice(0, -1)
      .map(
        (line, index) =>
          json(line, `history.jsonl, line ${index + 1}`, entryShape) as unknown as HistoryEntry,
      )
    const evidence = evidenceNamedIn(history)
    const bytes = new Map(evidence.map((row) => [row.digest, fileIn(files, pathOfEvidence(row))]))
    const approvals = idsIn(files).map((approvalId): RecordedApproval => {
      const path = pathOfStatement(approvalId)
      const common = { approvalId, statementText: text(path) }
      return files.has(pathOfSignature(path))
        ? { ...common, kind: 'signed', signature: text(pathOfSignature(path)) }
        : { ...common, kind: 'rehearsal', signature: null }
    })
    const closeout = files.has(CLOSEOUT) ? readCloseout(files, text) : null
    const snapshot = text('snapshot.json')
    return {
      record: {
        genesis,
        run,
        history,
        snapshot,
        evidence,
        bytes,
        approvals,
        closeout,
        unsettledWrites: [],
        instructions: 1,
        optionalParts: new Map(),
      },
    }
  } catch (error) {
    if (error instanceof Unreadable) return { fault: error.fault }
    throw error
  }
}

const idsIn = (files: Files) =>
  [...files.keys()].flatMap((path) => /^approvals\/(ap-[0-9a-f]{32})\.json$/.exec(path)?.[1] ?? []).sort()

function readCloseout(files: Files, text: (path: string) => string): SignedCloseout {
  const publicKey = text('instance.pub').replace(/\n$/, '')
  const { predicate } = json(text(CLOSEOUT), CLOSEOUT, closeoutShape)
  if (signerIn(publicKey) !== predicate.signer) {
    const why = `it is not the public key of the signer that ${CLOSEOUT} names`
    throw new Unreadable('FILE_UNREADABLE', 'instance.pub', why)
  }
  const countersigned = [...files.keys()]
    .filter((path) => path.startsWith('countersignatures/') && path.endsWith('.json'))
    .map((path) => {
      const { signer, at } = json(text(path), path, countersignatureShape)
      return { text: text(path), signer, at, signature: text(pathOfSignature(path)) }
    })
  const signature = text(pathOfSignature(CLOSEOUT))
  return {
    text: text(CLOSEOUT),
    instance: { signer: predicate.signer, at: predicate.signedAt, publicKey, signature },
    countersigned: countersigned.sort((a, b) => byCodeUnit(a.signer, b.signer)),
  }
}

class Unreadable extends Error {
  readonly fault: BundleFault

  constructor(code: 'FILE_MISSING' | 'FILE_UNREADABLE', file: string, message: string) {
    super(message)
    this.fault = bundleFault(code, file, message)
  }
}

function fileIn(files: Files, path: string): Uint8Array {
  const bytes = files.get(path)
  if (bytes === undefined) throw new Unreadable('FILE_MISSING', path, `the file ${path} is missing`)
  return bytes
}

const textsOf = (files: Files) => (path: string) => Buffer.from(fileIn(files, path)).toString('utf8')

function json<Shape>(text: string, file: string, shape: z.ZodType<Shape>): Shape {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Unreadable('FILE_UNREADABLE', file, `${file} is not JSON`)
  }
  const parsed = shape.safeParse(value)
  if (parsed.success) return value as Shape
  const [issue] = parsed.error.issues
  const where = issue!.path.length === 0 ? '' : ` at ${issue!.path.map(String).join('.')}`
  throw new Unreadable(
    'FILE_UNREADABLE',
    file,
    `${file} is not as a bundle has it${where}: ${issue!.message}`,
  )
}

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/)
const time = z.iso.datetime()
const text = z.string()
const mode = z.enum(['dry-run', 'live'])
const status = z.enum(['working', 'paused', 'stopped', 'closed'])
const outcome = z.enum(['succeeded', 'rejected', 'failed', 'cancelled', 'voided', 'rolled-back'])
const seq = z.int().positive()

const identity = { runId: text.min(1), machine: text, version: text, definitionDigest: digest, mode }
const genesisShape = z.strictObject({
  ...identity,
  ...{ input: z.looseObject({}), startKey: text.nullable(), startedBy: text, osUser: text, startedAt: time },
})
const runShape = z.strictObject({
  ...identity,
  ...{ startedBy: text, startedAt: time, updatedAt: time, status, state: text },
  ...{ stopCode: text.nullable(), stop: z.looseObject({}).nullable(), outcome: outcome.nullable() },
  ...{ gate: text.nullable(), gateSeq: seq.nullable(), gateHead: digest.nullable() },
  ...{ planDigest: digest.nullable(), output: z.unknown(), seq, head: digest, snapshotDigest: digest },
})
const eventShape = z.looseObject({
  type: text,
  arrival: z.strictObject({ gate: text, planDigest: digest.nullable() }).optional(),
  approvalUsed: text.optional(),
  outcome: outcome.optional(),
  evidence: z.record(text.min(1), digest).optional(),
})
const definition = z.strictObject({ version: text, definitionDigest: digest })
const upgradeShape = z.looseObject({ from: definition, to: definition })
const event = eventShape.refine(
  ({ type, ...said }) => type !== UPGRADED || upgradeShape.safeParse(said).success,
)
const entryShape = z.strictObject({
  ...{ seq, at: time, event, by: text, state: text, status },
  ...{ snapshotDigest: digest, previousHash: digest, hash: digest },
})
const closeoutShape = z.looseObject({ predicate: z.looseObject({ signer: text, signedAt: time }) })
const countersignatureShape = z.looseObject({ signer: text.min(1), at: time })
