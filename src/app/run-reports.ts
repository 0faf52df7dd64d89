import { existsSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { ApprovalPolicy } from '../approvals/approval-policy.ts'
import { CutterError } from '../domain/errors.ts'
import type { HeadWitness } from '../domain/head-witness.ts'
import type { Run } from '../domain/run.ts'
import type { Reports } from '../engine/engine-deps.ts'
import { loadRunRecord } from '../engine/load-run.ts'
import { readHeadWitness, reportFolder, reportsRoot } from '../reports/report-folder.ts'
import type { RunStore } from '../store/run-store.ts'

export interface ReportsOptions {
  home: string
  store: RunStore
  policy(machine: string, gate: string): ApprovalPolicy
  allowedSigners: string
  warn(text: string): void
}

/** The reports of a home, in `var/runs`. The code that makes them is loaded when there is a report to make. */
export function createReports(options: ReportsOptions): Reports {
  const { home, warn } = options
  return {
    lastSeen: async (runId) => findHeadWitness(home, runId),
    async atRest(runId) {
      try {
        await report(options, runId)
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        warn(`the reports of run ${runId} could not be written: ${why}; the run is not affected`)
      }
    },
  }
}

/** Writes the reports of a run that paused, stopped or closed, unless they are current. The reports of a run that can't be trusted stay. */
async function report({ home, store, policy, allowedSigners }: ReportsOptions, runId: string): Promise<void> {
  const lastSeen = async () => findHeadWitness(home, runId)
  const record = await loadRunRecord({ store, reports: { lastSeen } }, runId).catch(refusedOnly)
  if (record === null || record.run.status === 'working' || areReportsCurrent(home, record.run)) return
  const { run } = record
  const [{ buildReports }, { writeReports }] = await Promise.all([
    import('../reports/build-reports.ts'),
    import('../reports/write-reports.ts'),
  ])
  const rules = (gate: string) => policy(run.machine, gate)
  const made = buildReports({ record, rules, allowedSigners })
  writeReports(home, runId, made, { seq: run.seq, head: run.head, at: run.updatedAt })
}

function refusedOnly(error: unknown): null {
  if (error instanceof CutterError) return null
  throw error
}

/**
 * The newest entry that the reports of a run show, by which an older copy of the store is noticed; null without reports.
 * @throws STORE_TAMPERED when the file that records it is not as Cutter writes it
 */
export const findHeadWitness = (home: string, runId: string): HeadWitness | null =>
  readHeadWitness(reportFolder(home, runId))

/** Whether the reports show the newest entry of the run. */
export const areReportsCurrent = (home: string, run: Run): boolean =>
  findHeadWitness(home, run.runId)?.head === run.head

/** The folder of a run's reports, relative to its home; null when there are none. */
export function findReportsFolder(home: string, runId: string): string | null {
  const folder = reportFolder(home, runId)
  return existsSync(folder) ? relative(home, folder) : null
}

/** A run that has reports, by its id or by a beginning or an end of it: for runs that the store does not know. */
export function findReportedRun(home: string, text: string): { runId: string; seq: number } | null {
  const folder = reportsRoot(home)
  const names = existsSync(folder) ? readdirSync(folder) : []
  for (const runId of names.filter((name) => name.startsWith(text) || name.endsWith(text))) {
    const seen = readHeadWitness(join(folder, runId))
    if (seen !== null) return { runId, seq: seen.seq }
  }
  return null
}
