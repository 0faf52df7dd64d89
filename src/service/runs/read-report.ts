import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import { reportRun } from './report.ts'

export interface ReportListAnswer {
  runId: string
  /** The history entry that they show. */
  seq: number
  /** By number; the closeout is the last one. */
  reports: string[]
}

/**
 * Makes the reports of a run, and lists their names.
 * @throws what `reportRun` throws
 */
export async function listReports(home: Home, { run }: { run: string }): Promise<ReportListAnswer> {
  const { runId, folder, seq } = await reportRun(home, { run })
  return { runId, seq, reports: namesIn(folder) }
}

/**
 * Reads one report of a run: as Markdown for people, or its facts as JSON.
 * @throws what `reportRun` throws, and INPUT_REFUSED when there is no such report
 */
export async function readReport(
  home: Home,
  { run, name, format }: { run: string; name: string; format: 'markdown' | 'json' },
): Promise<string> {
  const { runId, folder } = await reportRun(home, { run })
  const known = namesIn(folder)
  if (known.includes(name))
    return readFileSync(join(folder, `${name}.${format === 'json' ? 'json' : 'md'}`), 'utf8')
  throw new CutterError('INPUT_REFUSED', `run ${runId} has no report ${JSON.stringify(name)}`, {
    next: `its reports are ${known.join(', ')}`,
  })
}

const namesIn = (folder: string) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -'.md'.length))
    .sort()
