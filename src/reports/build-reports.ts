import { buildRequestReport } from './approval-request-report.ts'
import { buildCloseoutReport } from './closeout-report.ts'
import { type Arrival, listArrivals, listPhases, type Phase } from './history-summary.ts'
import { buildPhaseReport } from './phase-report.ts'
import type { Report, ReportInput } from './report.ts'
import { safeFileName } from './report-folder.ts'

/**
 * The reports of a run: one for each phase and for each gate at which it arrived, in the order of the history, and the closeout when the
 * run stopped or closed. They are made from the history and its evidence, and nothing is made from them. Their numbers stay when the run
 * continues: another try of a phase, or another plan at a gate, goes into the existing report.
 */
export function buildReports(input: ReportInput): Report[] {
  const { run } = input.record
  const documents = inOrder(listPhases(input.record), listArrivals(input.record.history))
  const reports = documents.map((document, index) => {
    const number = String(index + 1).padStart(2, '0')
    if ('phase' in document) {
      const name = `${number}-${fileName(document.phase.name)}`
      return { name, ...buildPhaseReport(input, document.phase) }
    }
    const name = `${number}-approval-request-${fileName(document.gate)}`
    return { name, ...buildRequestReport(input, document.arrivals) }
  })
  const ended = run.status === 'closed' || run.status === 'stopped'
  return ended ? [...reports, { name: 'closeout', ...buildCloseoutReport(input) }] : reports
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
