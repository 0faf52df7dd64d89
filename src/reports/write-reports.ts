import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HeadWitness } from '../domain/head-witness.ts'
import type { Report } from './report.ts'
import { reportFolder, reportsRoot } from './report-folder.ts'

/**
 * Writes the reports of a run, each as Markdown and as JSON, into a folder that only its owner may read. The head comes last, so that
 * reports which a crash interrupted do not count as complete. Only the head is fsynced, because half of it would be refused.
 */
export function writeReports(home: string, runId: string, reports: Report[], head: HeadWitness): void {
  const folder = reportFolder(home, runId)
  for (const made of [reportsRoot(home), folder]) {
    mkdirSync(made, { recursive: true, mode: 0o700 })
    chmodSync(made, 0o700)
  }
  for (const { name, markdown, facts } of reports) {
    replace(join(folder, `${name}.md`), markdown)
    replace(join(folder, `${name}.json`), `${JSON.stringify(facts, null, 2)}\n`)
  }
  const kept = new Set(reports.map(({ name }) => name))
  for (const file of readdirSync(folder)) {
    const [, name] = /^((?:\d\d+-.+|closeout))\.(?:md|json)$/.exec(file) ?? []
    // Removes the closeout of a stopped run that continued.
    if (name !== undefined && !kept.has(name)) rmSync(join(folder, file), { force: true })
  }
  replace(join(folder, 'head.json'), `${JSON.stringify(head)}\n`, { flush: true })
}

function replace(path: string, text: string, { flush = false } = {}): void {
  // Two containers may run the same process id.
  const unfinished = `${path}.${randomBytes(6).toString('hex')}.tmp`
  writeFileSync(unfinished, text, { mode: 0o600, flush })
  renameSync(unfinished, path)
}
