import type { Owner } from '../../domain/effect.ts'
import { UPGRADED } from '../../domain/history.ts'
import { historyFields } from '../../domain/history-entry.ts'
import { canonicalJson } from '../../domain/json.ts'
import type { Step } from '../../domain/step.ts'
import type { Lease, StepRequest } from '../run-store.ts'
import { outcomeColumn } from './columns.ts'
import { runRow } from './row-mapping.ts'
import type { StepRest, StepRow } from './step-row.ts'

/**
 * Steps on their way to the thread that saves them. Many steps lie in one flat list, one field after another, because copying a
 * list to another thread costs a fraction of copying objects.
 */
export type PackedSteps = unknown[]

type Reader = (step: Step, lease: Lease) => unknown

/** How each field is read from a step. The order of this list is the order of a packed step. */
const READERS: [field: keyof StepRow, read: Reader][] = [
  ...historyFields.map((field): [keyof StepRow, Reader] => [
    field,
    field === 'event' ? (step) => step.eventText : (step) => step.entry[field],
  ]),
  ['runId', ({ run }) => run.runId],
  ['workedMs', ({ run }) => run.workedMs],
  ['phase', ({ run }) => run.phase],
  ['stopCode', ({ run }) => run.stopCode],
  ['stop', ({ run }) => (run.stop === null ? null : JSON.stringify(run.stop))],
  ['outcome', ({ run }) => outcomeColumn(run.outcome)],
  ['gate', ({ run }) => run.gate],
  ['gateSeq', ({ run }) => run.gateSeq],
  ['gateHead', ({ run }) => run.gateHead],
  ['planDigest', ({ run }) => run.planDigest],
  ['output', ({ run }) => JSON.stringify(run.output)],
  ['snapshot', ({ run }) => run.snapshot],
  ['approvalUsed', (step) => step.approvalUsed],
  ['effectDone', (step) => step.effectDone],
  ['asked', ({ effectsAsked }) => effectsAsked[0]?.invokeId ?? null],
  ['askedName', ({ effectsAsked }) => effectsAsked[0]?.name ?? null],
  [
    'askedInput',
    ({ effectsAsked }) => (effectsAsked.length === 0 ? null : JSON.stringify(effectsAsked[0]!.input)),
  ],
  ['owner', (_, { owner }) => ownerText(owner)],
  ['leaseUntil', (_, { until }) => until],
  ['rest', (step) => restOf(step)],
]
const FIELDS = READERS.map(([field]) => field)
const READS = READERS.map(([, read]) => read)

/** Packs steps with their leases into one flat list, in the order of the requests. `unpackSteps` reads it. */
export function packSteps(requests: StepRequest[]): PackedSteps {
  const packed: PackedSteps = []
  for (const { step, lease } of requests) {
    for (const read of READS) packed.push(read(step, lease))
  }
  return packed
}

/** Reads the rows of a list that `packSteps` made in this process or in another thread of it. */
export function unpackSteps(packed: PackedSteps): StepRow[] {
  const rows: StepRow[] = []
  for (let start = 0; start < packed.length; start += FIELDS.length) {
    const row: { [field: string]: unknown } = {}
    for (let at = 0; at < FIELDS.length; at += 1) row[FIELDS[at]!] = packed[start + at]
    rows.push(row as unknown as StepRow)
  }
  return rows
}

function restOf(step: Step): StepRest | null {
  const { run, entry, effectsAsked, effectsDropped, timersAsked, timersDropped, evidence } = step
  const messages = step.messages ?? []
  const isUpgrade = entry.event.type === UPGRADED
  const hasRest =
    effectsAsked.length > 1 ||
    effectsDropped.length + timersAsked.length + timersDropped.length + evidence.length + messages.length > 0
  if (!hasRest && entry.seq > 1 && !isUpgrade) return null
  return {
    made: entry.seq === 1 ? runRow(run) : null,
    upgradedTo: isUpgrade ? { version: run.version, definitionDigest: run.definitionDigest } : null,
    alsoAsked: effectsAsked.slice(1).map(({ invokeId, name, input }) => {
      return { asked: invokeId, askedName: name, askedInput: JSON.stringify(input) }
    }),
    effectsDropped,
    timersAsked,
    timersDropped,
    evidence,
    messages,
  }
}

const ownerTexts = new WeakMap<Owner, string>()

/** The row form of an owner. Each owner object is written once, because every step of a process names the same one. */
export function ownerText(owner: Owner): string {
  const known = ownerTexts.get(owner)
  if (known !== undefined) return known
  const text = canonicalJson(owner)
  ownerTexts.set(owner, text)
  return text
}
