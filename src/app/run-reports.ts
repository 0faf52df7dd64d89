import { existsSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { ApprovalPolicy } from '../approvals/approval-policy.ts'
import { CutterError } from '../domain/errors.ts'
import type { HeadWitness } from '../domain/head-witness.ts'
import type { Run } from '../domain/run.ts'
import type { Reports } from '../engine/engine-deps.ts'
import { loadRunRecord } from '../engine/load-run.ts'
import { findLoggedHead, openHeadLog, readLoggedHeads } from '../reports/head-log.ts'
import { followHeads } from '../reports/recent-heads.ts'
import { readHeadWitness, reportFolder, reportsRoot } from '../reports/report-folder.ts'
import type { RunStore } from '../store/run-store.ts'

export interface ReportsOptions {
  home: string
  store: RunStore
  policy(machine: string, gate: string): ApprovalPolicy
  allowedSigners: string
  warn(text: string): void
}

/** How many runs' reports a process makes at its end. Those of other runs are made when somebody asks for them. */
const MOST_REPORTED = 50

/** What is recorded of the runs of a home outside of its store, in `var/runs`. */
export interface RunReports extends Reports {
  /** Writes the reports of the runs that this process moved last. Nobody waits for them, so this comes after the answer. Never throws. */
  writeMoved(): Promise<void>
  close(): Promise<void>
}

/** The reports of a home. The code that makes them is loaded when there is a report to make. */
export function createReports(options: ReportsOptions): RunReports {
  const { home, store, warn } = options
  const heads = openHeadLog(home)
  const moved = new Set<string>()
  const recent = followHeads(home)
  const lastSeen = async (runId: string) => findHeadWitness(home, runId, recent.find)
  const warning = (what: string) => (error: unknown) =>
    warn(`${what}: ${error instanceof Error ? error.message : String(error)}; the run is not affected`)
  return {
    lastSeen,
    async atRest(runId, { isChecked }) {
      const run = isChecked
        ? await store.run(runId)
        : ((await loadRunRecord({ store, reports: { lastSeen } }, runId).catch(refusedOnly))?.run ?? null)
      if (run === null || run.status === 'working') return
      moved.delete(runId)
      moved.add(runId)
      for (const oldest of moved) if (moved.size > MOST_REPORTED) moved.delete(oldest)
      const { seq, head, updatedAt: at } = run
      await heads
        .append(runId, { seq, head, at })
        .catch(warning(`the newest entry of run ${runId} could not be recorded in var/runs/heads`))
    },
    async writeMoved() {
      for (const runId of moved)
        await writeRunReports(options, runId).catch(
          warning(`the reports of run ${runId} could not be written`),
        )
      moved.clear()
    },
    close: () => heads.close(),
  }
}

/**
 * Writes the reports of a run that paused, stopped or closed, unless they are current. The reports of a run that can't be trusted stay.
 * `always`: writes those that are current, too, in case somebody deleted or changed them.
 * @throws what the file system answers
 */
export async function writeRunReports(
  { home, store, policy, allowedSigners }: Omit<ReportsOptions, 'warn'>,
  runId: string,
  { always = false } = {},
): Promise<void> {
  const lastSeen = async () => findHeadWitness(home, runId)
  const record = await loadRunRecord({ store, reports: { lastSeen } }, runId).catch(refusedOnly)
  if (record === null || record.run.status === 'working') return
  if (areReportsCurrent(home, record.run) && !always) return
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
 * The newest entry of a run that is recorded outside of the store, by which an older copy of the store is noticed; null when none is.
 * @throws STORE_TAMPERED when the file that records it is not as Cutter writes it
 */
export function findHeadWitness(
  home: string,
  runId: string,
  findLogged = (id: string) => findLoggedHead(home, id),
): HeadWitness | null {
  const shown = readHeadWitness(reportFolder(home, runId))
  const logged = findLogged(runId)
  return logged === null || (shown !== null && shown.seq > logged.seq) ? shown : logged
}

/** The runs of which something is recorded outside of the store. */
export function listWitnessedRuns(home: string): string[] {
  const folder = reportsRoot(home)
  const names = existsSync(folder) ? readdirSync(folder) : []
  const shown = names.filter((name) => readHeadWitness(join(folder, name)) !== null)
  return [...new Set([...readLoggedHeads(home).keys(), ...shown])]
}

/** Whether the reports show the newest entry of the run. */
export const areReportsCurrent = (home: string, run: Run): boolean =>
  readHeadWitness(reportFolder(home, run.runId))?.head === run.head

/** The folder of a run's reports, relative to its home; null when there are none. */
export function findReportsFolder(home: string, runId: string): string | null {
  const folder = reportFolder(home, runId)
  return existsSync(folder) ? relative(home, folder) : null
}

/** A run that is recorded outside of the store, by its id or by a beginning or an end of it: for runs that the store does not know. */
export function findReportedRun(home: string, text: string): { runId: string; seq: number } | null {
  const runId = listWitnessedRuns(home).find((name) => name.startsWith(text) || name.endsWith(text))
  return runId === undefined ? null : { runId, seq: findHeadWitness(home, runId)!.seq }
}
