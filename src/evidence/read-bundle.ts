import { z } from 'zod'
import { signerOfInstance } from '../approvals/instance-key.ts'
import type { HistoryEntry, RunIdentity } from '../domain/run.ts'
import { type BundleFault, fault } from './fault.ts'
import {
  CLOSEOUT,
  pathOfCountersignature,
  pathOfEvidence,
  pathOfSignature,
  pathOfStatement,
} from './layout.ts'
import type { RecordedApproval, RunRecord, SignedCloseout } from './record.ts'
import type { RunFacts } from './run-facts.ts'
import type { Files } from './tar.ts'

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
    const evidence = json(text('evidence.json'), 'evidence.json', evidenceShape)
    refuseDisorder('evidence.json', evidence, ({ seq, name }) => `${String(seq).padStart(16, '0')} ${name}`)
    const bytes = new Map(evidence.map((row) => [row.digest, fileIn(files, pathOfEvidence(row))]))
    const listed = json(text('approvals.json'), 'approvals.json', approvalsShape)
    refuseDisorder('approvals.json', listed, ({ approvalId }) => approvalId)
    const approvals = listed.map(({ approvalId, kind, usedSeq }): RecordedApproval => {
      const path = pathOfStatement(approvalId)
      const common = { approvalId, usedSeq, statementText: text(path) }
      return kind === 'signed'
        ? { ...common, kind, signature: text(pathOfSignature(path)) }
        : { ...common, kind, signature: null }
    })
    const closeout = files.has(CLOSEOUT) ? readCloseout(text) : null
    const snapshot = text('snapshot.json')
    return { record: { genesis, run, history, snapshot, evidence, bytes, approvals, closeout } }
  } catch (error) {
    if (error instanceof Unreadable) return { fault: error.fault }
    throw error
  }
}

function readCloseout(text: (path: string) => string): SignedCloseout {
  const publicKey = text('instance.pub').replace(/\n$/, '')
  const { instance, countersigned } = json(text('signatures.json'), 'signatures.json', signaturesShape)
  if (signerOfInstance(publicKey) !== instance.signer) {
    throw new Unreadable(
      'FILE_UNREADABLE',
      'instance.pub',
      'it is not the public key of the signer that signatures.json names',
    )
  }
  refuseDisorder('signatures.json', countersigned, ({ signer }) => signer)
  return {
    text: text(CLOSEOUT),
    instance: { ...instance, publicKey, signature: text(pathOfSignature(CLOSEOUT)) },
    countersigned: countersigned.map((one) => ({
      ...one,
      signature: text(pathOfCountersignature(one.signer)),
    })),
  }
}

/** Each thing once, and in one order. */
function refuseDisorder<Row>(file: string, rows: Row[], keyOf: (row: Row) => string): void {
  const keys = rows.map(keyOf)
  const wrong = keys.find((key, index) => index > 0 && keys[index - 1]! >= key)
  if (wrong !== undefined)
    throw new Unreadable('FILE_UNREADABLE', file, `${file} is not in order at ${wrong}`)
}

class Unreadable extends Error {
  readonly fault: BundleFault

  constructor(code: 'FILE_MISSING' | 'FILE_UNREADABLE', file: string, message: string) {
    super(message)
    this.fault = fault(code, file, message)
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
  ...{ startedBy: text, startedAt: time, updatedAt: time, status, state: text, phase: text.nullable() },
  ...{ stopCode: text.nullable(), stop: z.looseObject({}).nullable(), outcome: outcome.nullable() },
  ...{ gate: text.nullable(), gateSeq: seq.nullable(), gateHead: digest.nullable() },
  ...{ planDigest: digest.nullable(), output: z.unknown(), seq, head: digest, snapshotDigest: digest },
})
const entryShape = z.strictObject({
  ...{ seq, at: time, event: z.looseObject({ type: text }), by: text, state: text, status },
  ...{ snapshotDigest: digest, previousHash: digest, hash: digest },
})
const evidenceShape = z.array(z.strictObject({ seq, name: text.min(1), digest, mediaType: text }))
const approvalsShape = z.array(
  z.strictObject({
    approvalId: z.string().regex(/^ap-[0-9a-f]{32}$/),
    kind: z.enum(['signed', 'rehearsal']),
    usedSeq: seq.nullable(),
  }),
)
const signature = z.strictObject({ signer: text.min(1), at: time })
const signaturesShape = z.strictObject({ instance: signature, countersigned: z.array(signature) })
