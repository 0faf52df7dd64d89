import { z } from 'zod'
import { findInstanceSigner } from '../approvals/instance-key.ts'
import { findAbandonment } from '../domain/begun-writes.ts'
import { UPGRADED } from '../domain/history.ts'
import { HISTORY_FIELDS, type HistoryEntry, historyFields } from '../domain/history-entry.ts'
import { listNamedEvidence } from '../domain/history-facts.ts'
import { isLost } from '../domain/lost-evidence.ts'
import { RUN_ABANDONED, type RunIdentity } from '../domain/run.ts'
import { type BundleFault, bundleFault } from './bundle-fault.ts'
import {
  byCodeUnit,
  CLOSEOUT,
  pathOfEvidence,
  pathOfSignature,
  pathOfStatement,
  RUN,
} from './bundle-paths.ts'
import { findOptionalParts } from './optional-parts.ts'
import type { RunFacts } from './run-facts.ts'
import { type RecordedApproval, type RunRecord, type SignedCloseout, WORDINGS } from './run-record.ts'
import type { Files } from './tar.ts'

/**
 * Reads the files of a bundle of format 2, 3 or 4, which anybody may have written, as a record. Checks only shapes. The record keeps the values as
 * they were parsed, not as the schemas would copy them, so that the digests cover everything in them.
 */
export function readRecord(files: Files): { record: RunRecord } | { fault: BundleFault } {
  try {
    const text = textsOf(files)
    const genesis = json(text('genesis.json'), 'genesis.json', genesisShape) as unknown as RunIdentity
    const { format, instructions, unsettledWrites = [], ...facts } = json(text(RUN), RUN, runShape)
    const run = facts as unknown as RunFacts
    const history = text('history.jsonl')
      .split('\n')
      .slice(0, -1)
      .map(
        (line, index) =>
          json(line, `history.jsonl, line ${index + 1}`, entryShape) as unknown as HistoryEntry,
      )
    const evidence = listNamedEvidence(history)
    const lost = findAbandonment(history)?.lostEvidence ?? []
    const there = evidence.filter((row) => !isLost(lost, row))
    const bytes = new Map(there.map((row) => [row.digest, fileIn(files, pathOfEvidence(row))]))
    const approvals = idsIn(files).map((approvalId): RecordedApproval => {
      const path = pathOfStatement(approvalId)
      const common = { approvalId, statementText: text(path) }
      return files.has(pathOfSignature(path))
        ? { ...common, kind: 'signed', signature: text(pathOfSignature(path)) }
        : { ...common, kind: 'rehearsal', signature: null }
    })
    const closeout = files.has(CLOSEOUT) ? readCloseout(files, text, format) : null
    const snapshot = text('snapshot.json')
    const found = findOptionalParts(files, approvals)
    if ('misfit' in found) {
      const why = `${found.misfit} does not have the form of the part that its name stands for`
      throw new Unreadable('FILE_UNREADABLE', found.misfit, why)
    }
    const optionalParts = found.parts
    const record = { genesis, run, history, snapshot, evidence, bytes, approvals, closeout }
    return { record: { ...record, unsettledWrites, instructions, optionalParts } }
  } catch (error) {
    if (error instanceof Unreadable) return { fault: error.fault }
    throw error
  }
}

const idsIn = (files: Files) =>
  [...files.keys()].flatMap((path) => /^approvals\/(ap-[0-9a-f]{32})\.json$/.exec(path)?.[1] ?? []).sort()

function readCloseout(files: Files, text: (path: string) => string, format: 2 | 3 | 4): SignedCloseout {
  const publicKey = text('instance.pub').replace(/\n$/, '')
  const { predicate } = json(text(CLOSEOUT), CLOSEOUT, closeoutShape)
  if (findInstanceSigner(publicKey) !== predicate.signer) {
    const why = `instance.pub is not the public key of the signer that ${CLOSEOUT} names`
    throw new Unreadable('FILE_UNREADABLE', 'instance.pub', why)
  }
  const countersigned = [...files.keys()]
    .filter((path) => path.startsWith('countersignatures/') && path.endsWith('.json'))
    .map((path) => {
      const { signer, at } = json(text(path), path, countersignatureShape)
      return { text: text(path), signer, at, signature: text(pathOfSignature(path)) }
    })
  const rotations = [...files.keys()]
    .filter((path) => format >= 3 && /^rotations\/[0-9a-f]{64}\.json$/.test(path))
    .map((path) => json(text(path), path, rotationShape))
  const signature = text(pathOfSignature(CLOSEOUT))
  return {
    text: text(CLOSEOUT),
    instance: { signer: predicate.signer, at: predicate.signedAt, publicKey, signature },
    countersigned: countersigned.sort((a, b) => byCodeUnit(a.signer, b.signer)),
    ...(rotations.length === 0 ? {} : { rotations }),
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
    `${file} does not have the form of a bundle${where}: ${issue!.message}`,
  )
}

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/)
const time = z.iso.datetime()
const text = z.string()
const mode = z.enum(['dry-run', 'live'])
const status = z.enum(['working', 'paused', 'stopped', 'closed'])
const outcome = z.enum(['succeeded', 'rejected', 'failed', 'cancelled', 'voided', 'rolled-back', 'abandoned'])
const seq = z.int().positive()

const identity = { runId: text.min(1), machine: text, version: text, definitionDigest: digest, mode }
const genesisShape = z.strictObject({
  ...identity,
  input: z.looseObject({}),
  startKey: text.nullable(),
  startedBy: text,
  osUser: text,
  startedAt: time,
})
const unsettledWrite = z.strictObject({ phase: text, seq, attempt: seq, startedAt: time, known: text })
const runShape = z.strictObject({
  format: z.literal([2, 3, 4]),
  instructions: z.literal(WORDINGS),
  unsettledWrites: z.array(unsettledWrite).min(1).optional(),
  ...identity,
  startedBy: text,
  startedAt: time,
  updatedAt: time,
  status,
  state: text,
  stopCode: text.nullable(),
  stop: z.looseObject({}).nullable(),
  outcome: outcome.nullable(),
  gate: text.nullable(),
  gateSeq: seq.nullable(),
  gateHead: digest.nullable(),
  planDigest: digest.nullable(),
  output: z.unknown(),
  seq,
  head: digest,
  snapshotDigest: digest,
})
const eventShape = z.looseObject({
  type: text,
  arrival: z.strictObject({ gate: text, planDigest: digest.nullable() }).optional(),
  approvalUsed: text.optional(),
  outcome: outcome.optional(),
  evidence: z.record(text.min(1), digest).optional(),
  effectsAsked: z.record(text, z.enum(['read', 'write'])).optional(),
  effectsDropped: z.array(text).optional(),
})
const definition = z.strictObject({ version: text, definitionDigest: digest })
/** The fields of the entries that the checks read, by the type of their event. */
const fieldsOfRecord: { [type: string]: z.ZodType } = {
  [UPGRADED]: z.looseObject({ from: definition, to: definition }),
  [RUN_ABANDONED]: z.looseObject({
    approvalId: text,
    approvalUsed: text,
    outcome: z.literal('abandoned'),
    unsettledWrites: z.array(unsettledWrite),
    lostEvidence: z
      .array(z.strictObject({ seq, name: text, digest }))
      .min(1)
      .optional(),
  }),
}
const event = eventShape.refine(
  ({ type, ...fields }) => fieldsOfRecord[type]?.safeParse(fields).success !== false,
)
const shapeOfKind = { number: seq, time, event, text, status, digest }
const entryShape = z.strictObject(
  Object.fromEntries(historyFields.map((field) => [field, shapeOfKind[HISTORY_FIELDS[field].kind]])),
)
const closeoutShape = z.looseObject({ predicate: z.looseObject({ signer: text, signedAt: time }) })
const rotationShape = z.strictObject({ statementText: text, signature: text })
const countersignatureShape = z.looseObject({ signer: text.min(1), at: time })
