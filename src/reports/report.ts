import type { Json } from '../domain/json.ts'
import type { StoredRun } from '../store/run-store.ts'
import { requestReport } from './approval-request-report.ts'
import { closeoutReport } from './closeout-report.ts'
import { type Arrival, listArrivals, listPhases, type Phase } from './history-summary.ts'
import { phaseReport } from './phase-report.ts'
import { safeFileName } from './report-folder.ts'

/**
 * A run's reports: one for each phase and each gate it came to, in the order of their coming, and the closeout once it stopped
 * or closed. They are made from the history and its evidence and are a source of nothing: whoever doubts one makes it anew. The
 * numbers stay as the run goes on; another try of a phase, or another plan at a gate, comes into the report that is there.
 */

/** One document, as people and as programs read it: the same facts. */
export interface Report {
  /** The file's name without its ending: `03-cutplan`, `06-approval-request-SG1`, `closeout`. */
  name: string
  facts: { [key: string]: Json }
  markdown: string
}

export interface GateRules {
  /** Principals who may approve; everybody whom allowed_signers admits when left out. */
  of?: string[]
  need?: number
  validHours: number
  fourEyes?: boolean
}

export interface ReportInput {
  record: StoredRun
  /** What holds at a gate now, for one at which nothing was recorded. */
  rules(gate: string): GateRules
  /** Where it is said whose key is whose. */
  allowedSigners: string
}

export function buildReports(input: ReportInput): Report[] {
  const { run } = input.record
  const documents = inOrder(listPhases(input.record), listArrivals(input.record.history))
  const reports = documents.map((document, index) => {
    const number = String(index + 1).padStart(2, '0')
    if ('phase' in document) {
      const name = `${number}-${fileName(document.phase.name)}`
      return { name, ...phaseReport(input, document.phase) }
    }
    const name = `${number}-approval-request-${fileName(document.gate)}`
    return { name, ...requestReport(input, document.arrivals) }
  })
  const ended = run.status === 'closed' || run.status === 'stopped'
  return ended ? [...reports, { name: 'closeout', ...closeoutReport(input) }] : reports
}

type Document = { seq: number } & ({ phase: Phase } | { gate: string; arrivals: Arrival[] })

function inOrder(phases: Phase[], arrivals: Arrival[]): Document[] {
  const gates = [...new Set(arrivals.map(({ gate }) => gate))].map((gate) => {
    const there = arrivals.filter((arrival) => arrival.gate === gate)
    return { gate, arrivals: there, seq: there[0]!.entry.seq }
  })
  const worked = phases.map((phase) => ({ phase, seq: phase.tries[0]!.seq }))
  // A phase whose outcome is itself the arrival comes before the request.
  const rank = (document: Document) => ('phase' in document ? 0 : 1)
  return [...worked, ...gates].sort((a, b) => a.seq - b.seq || rank(a) - rank(b))
}

/** Short enough for every file system; the number before it keeps two apart. */
const fileName = (name: string) => safeFileName(name).slice(0, 100)
