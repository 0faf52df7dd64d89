import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, openApp } from '../../src/app/open-app.ts'
import type { HistoryEntry } from '../../src/domain/history-entry.ts'
import type { Run } from '../../src/domain/run.ts'
import { signApproval } from '../../src/engine/manage-approvals.ts'
import { type PlainSeconds, plainSeconds, withConnection } from './plain.ts'

/**
 * A live cut compared with the plain way to insert the rows that it wrote (plain.ts), on the embedded server with its own settings.
 * Seconds. Neither figure counts the start of process and server, the creation of the database, and signing.
 */
export interface LiveRound {
  /**
   * From the run's first entry to its last, without the waiting at gates: scan, plans, surveys, backup, the rehearsal of all calls,
   * the last checks of the target, both writes, verifications, enactment, and the evidence of each, saved and fsynced.
   */
  phases: number
  /** All of `run start` and both `run resume`: also the first reading of the source, the checks at each gate, and the reports. */
  total: number
  plain: PlainSeconds
}

const SIGNER = 'bench@example.org'

/** Measures some rounds, each with a database of its own. */
export async function measureLive(units: number, rounds: number): Promise<LiveRound[]> {
  const home = mkdtempSync(join(tmpdir(), 'cutter-bench-live-'))
  const at = (name: string) => join(home, name)
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'bench', '-f', at('key')])
  const [type, key] = readFileSync(at('key.pub'), 'utf8').split(' ')
  writeFileSync(at('allowed_signers'), `${SIGNER} ${type} ${key}\n`)
  writeFileSync(at('cutter.yaml'), `execution: { allowLive: true }\ncaps: { units: ${units} }\n`)
  writeFileSync(at('law.md'), aLawOf(units))
  const entries: HistoryEntry[] = []
  const interrupt = new AbortController().signal
  const app = await openApp({
    home,
    env: process.env,
    interrupt,
    onStep: (_run, entry) => entries.push(entry),
  })
  try {
    const now = new Date()
    const until = new Date(now.getTime() + 3_600_000).toISOString()
    await app.store.setExecutionSwitch({
      enabled: true,
      until,
      reason: 'bench',
      by: 'bench',
      at: now.toISOString(),
    })
    const targets = await app.embedded()
    const measured: LiveRound[] = []
    for (let round = 0; round < rounds; round += 1) {
      await targets.discardTarget()
      await targets.target()
      await withConnection(await targets.superuserUrl('postgres'), (client) => client.query('checkpoint'))
      entries.length = 0
      const total = await liveCut(app, at)
      const plain = await plainSeconds(targets.superuserUrl, 'cutter')
      measured.push({ phases: withoutRests(entries), total, plain })
    }
    return measured
  } finally {
    await app.close()
    rmSync(home, { recursive: true, force: true })
  }
}

/** Articles of the size of a constitution’s, twenty to a chapter. */
function aLawOf(units: number): string {
  const words =
    'The members of the assembly, each in its turn, shall say in the open whether the measure is fit. '
  return Array.from({ length: units }, (_, index) => {
    const chapter = index % 20 === 0 ? `## Chapter ${index / 20 + 1}\n\n` : ''
    return `${chapter}### Article ${index + 1}\n\n${words.repeat(8)}Number ${index + 1}.\n\n`
  }).join('')
}

async function liveCut({ engine, deps }: App, at: (name: string) => string): Promise<number> {
  let seconds = 0
  const timed = async (state: string, work: () => Promise<Run>) => {
    const begun = performance.now()
    const run = await work()
    seconds += (performance.now() - begun) / 1_000
    if (run.state !== state) throw new Error(run.stop?.message ?? `the cut of the bench came to ${run.state}`)
    return run
  }
  const input = { document: 'BENCH', source: at('law.md'), target: 'embedded' }
  let run = await timed('AWAITING_CUT_AUTHORIZATION', () => engine.start('cut', input, { mode: 'live' }))
  for (const state of ['AWAITING_LIFECYCLE_AUTHORIZATION', 'CLOSEOUT_REPORTED']) {
    const statement = { as: SIGNER, decision: 'approve', reason: '', keyFile: at('key') } as const
    const { approvalId } = (await signApproval(deps, run.runId, statement)).approval
    run = await timed(state, () => engine.resume(run.runId, { approvalId }))
  }
  return seconds
}

function withoutRests(entries: HistoryEntry[]): number {
  let milliseconds = 0
  for (const [index, { at, event }] of entries.entries()) {
    const before = entries[index - 1]
    if (before !== undefined && event.type !== 'APPROVE')
      milliseconds += Date.parse(at) - Date.parse(before.at)
  }
  return milliseconds / 1_000
}
