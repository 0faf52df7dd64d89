import type { HistoryEntry } from '../domain/history-entry.ts'
import { entryMarks } from '../domain/history-facts.ts'
import type { Json } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import type { Log } from './log.ts'

interface Event {
  message: string
  facts: { [name: string]: Json | undefined }
}

/**
 * Logs a saved step as lines at the level info, one for each event: start, phase done, pause, approval used or refused, hold, stop, closeout.
 * Each has `runId`, `machine`, `seq` and `state`, so that the lines of a run are its story.
 */
export function logStep(log: Log, run: Run, entry: HistoryEntry): void {
  const { runId, machine, mode } = run
  const { seq, state, status } = entry
  for (const { message, facts } of eventsOf(run, entry))
    log.info({ runId, machine, mode, seq, state, status, by: entry.by, ...facts }, message)
}

function eventsOf(run: Run, entry: HistoryEntry): Event[] {
  const events = [workEvent(run, entry), approvalEvent(run, entry), restEvent(run, entry)].filter(
    (event) => event !== null,
  )
  return events.length > 0 ? events : [{ message: 'run moved', facts: { event: entry.event.type } }]
}

/** What the step is about: the start, or the outcome of a phase. */
function workEvent({ mode }: Run, { seq, event }: HistoryEntry): Event | null {
  if (seq === 1) return { message: 'run started', facts: { mode } }
  const [, how] = /^xstate\.(done|error)\.actor\./.exec(event.type) ?? []
  if (how === undefined) return null
  const { actorId: phase, attempt, ran } = event
  return { message: how === 'done' ? 'phase done' : 'phase failed', facts: { phase, attempt, ran } }
}

function approvalEvent({ gate }: Run, entry: HistoryEntry): Event | null {
  const { approvalUsed } = entryMarks(entry)
  if (approvalUsed !== undefined) return { message: 'approval used', facts: { approvalId: approvalUsed } }
  const { type, approvalId, reason } = entry.event
  if (type !== 'cutter.approval-refused') return null
  return { message: 'approval refused', facts: { gate, approvalId, reason } }
}

/** How the run rests after the step. A record of a refused approval does not move the run, so it comes to no rest by it. */
function restEvent({ gate, outcome, planDigest, stop }: Run, entry: HistoryEntry): Event | null {
  if (entry.event.type === 'cutter.approval-refused') return null
  if (entry.status === 'closed') return { message: 'run closed', facts: { outcome } }
  if (entry.status === 'paused') return { message: 'run paused', facts: { gate, planDigest } }
  if (stop === null) return null
  const { code: stopCode, message: why } = stop
  return { message: stopCode === 'STOP_HOLD' ? 'run held' : 'run stopped', facts: { stopCode, why } }
}
