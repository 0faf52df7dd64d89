import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type App, openApp } from '../../src/app/open-app.ts'
import type { Scan } from '../../src/document/scan.ts'
import type { Run } from '../../src/domain/run.ts'
import { rehearseApproval } from '../../src/engine/manage-approvals.ts'
import { aHome } from '../targets/embedded/embedded-homes.ts'

/** Opens an app whose home has a running server and a folder for sources. `clean` of the homes removes it after `close`. */
export async function anApp(config = ''): Promise<App> {
  const { home } = aHome()
  writeFileSync(join(home, 'cutter.yaml'), config)
  mkdirSync(join(home, 'sources'))
  const app = await openApp({ home, env: process.env, interrupt: new AbortController().signal })
  await app.target('embedded')
  return app
}

/** Writes a source file. */
export function aSource({ home }: App, name: string, bytes: Buffer): string {
  const path = join(home, 'sources', name)
  writeFileSync(path, bytes)
  return path
}

export const start = (app: App, document: string, source: string, profile?: string) =>
  app.engine.start(
    'cut',
    { document, source, ...(profile === undefined ? {} : { profile }) },
    { mode: 'dry-run' },
  )

/** Runs a cut from start to end, with rehearsal approvals. */
export async function throughBothGates(
  app: App,
  document: string,
  source: string,
  profile?: string,
): Promise<Run> {
  let run = await start(app, document, source, profile)
  for (const gate of ['SG1', 'SG2']) {
    expect(run, JSON.stringify(run.stop)).toMatchObject({ status: 'paused', gate })
    const approval = await rehearseApproval(app.deps, run.runId, {
      as: 'alice@example.org',
      decision: 'approve',
      reason: 'rehearsal',
    })
    run = await app.engine.resume(run.runId, { approvalId: approval.approvalId })
  }
  return run
}

export function expectClosedWithoutATrace(run: Run): void {
  expect(run).toMatchObject({ status: 'closed', state: 'CLOSEOUT_REPORTED', outcome: 'succeeded' })
  const { counts } = run.output as unknown as {
    counts: { before: { whole: object }; after: object; identical: boolean }
  }
  expect(counts.identical).toBe(true)
  expect(counts.after).toEqual(counts.before)
  expect(Object.keys(counts.before.whole).length).toBeGreaterThan(10)
}

/** Expects that the records of the run's recorded scan are the source byte for byte. */
export async function expectCompleteCoverage(app: App, run: Run, bytes: Buffer): Promise<void> {
  const kept = await app.store.evidenceOf(run.runId)
  const digest = kept.find(({ name }) => name === 'scan')!.digest
  const found = JSON.parse(Buffer.from((await app.store.evidence(digest))!).toString()) as Scan
  expect(found.coverage).toEqual({ complete: true, gaps: [], overlaps: [] })
  const again = Buffer.concat(found.records.map((record) => bytes.subarray(record.start, record.end)))
  expect(again.equals(bytes)).toBe(true)
}
