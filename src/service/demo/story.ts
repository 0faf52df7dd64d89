import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Stage } from '../../cli/demo.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Run } from '../../domain/run.ts'
import { shellQuote } from '../../domain/shell-quote.ts'
import { rehearseApproval, signApproval } from '../../engine/manage-approvals.ts'
import { verifyRun } from '../../engine/verify-run.ts'

const OPERATOR = 'operator@demo'
const APPROVER = 'approver@demo'

interface Report {
  units: number
  sourceVersionId: string
  sourceSha256: string
  records: { [kind: string]: number }
  counts: { before: Counts; after: Counts }
  plan: { create: number; keep: number; governanceRows: number }
}
type Counts = { whole: { [table: string]: number | null } }

const reportOf = (run: Run) => run.output as unknown as Report
const count = ({ whole }: Counts) =>
  ['information_unit', 'unit_version', 'iu_lifecycle_log']
    .map((table) => `${table} ${whole[table]}`)
    .join(', ')

export async function dryRunStory(stage: Stage): Promise<{ first: Run; duplicate: Run }> {
  const { app, say, charter } = stage
  say('# 1. A dry run: it plans and proves, and writes nothing to the target')
  say(`$ cutter run start cut --document CHARTER --source ${shellQuote(charter)}`)
  const planned = await startCut(stage, 'dry-run')
  const report = reportOf(planned)
  say(
    `  ${planned.runId} pinned the source (SHA-256 ${report.sourceSha256.slice(0, 16)}…), found ${report.units} articles and`,
  )
  say(
    `  ${report.records.excluded} repealed one, planned ${report.plan.create} new units, and rehearsed every call on a copy of the target.`,
  )
  sayPause(stage, planned)

  say('')
  say('# 2. Through both gates, under rehearsal approvals, which count in dry runs only')
  say(
    '  The first gate (SG1) is for writing the articles as drafts, which can be taken back; the second (SG2) for',
  )
  say(
    '  putting them into force, which can’t. At each the run stands still until somebody approves that very plan.',
  )
  const drafted = await rehearsed(stage, planned)
  sayPause(stage, drafted)
  const first = await rehearsed(stage, drafted)
  const { before, after } = reportOf(first).counts
  say(
    `  ${first.state}: ${first.outcome}. Rows of the target before: ${count(before)}; after: ${count(after)}:`,
  )
  say(
    '  nothing changed, and the server says that none of our sessions there ever had a transaction id, as a write would.',
  )

  say('')
  say('# 3. A finished run answers the same for ever, and does no work')
  const entries = (await app.store.history(first.runId)).length
  const again = await app.engine.resume(first.runId, {})
  expectSame(
    again.head === first.head && (await app.store.history(first.runId)).length === entries,
    'the finished run',
  )
  say(`$ cutter run resume ${first.runId.slice(-8)}`)
  say(`  ${again.state}, stop code ${again.stopCode ?? 'none'}; its history still has ${entries} entries.`)

  say('')
  say('# 4. The same document again: another run, the same source version')
  const duplicate = await startCut(stage, 'dry-run')
  expectSame(reportOf(duplicate).sourceVersionId === reportOf(first).sourceVersionId, 'the source version id')
  say(`  ${first.runId}  ${reportOf(first).sourceVersionId}`)
  say(`  ${duplicate.runId}  ${reportOf(duplicate).sourceVersionId}`)
  say(
    '  That id is made of the document’s name, its text and the way of reading it: the same text, the same version.',
  )
  await app.engine.cancel(duplicate.runId, { reason: 'the demo needs no second one', by: OPERATOR })
  return { first, duplicate }
}

export async function liveStory(stage: Stage): Promise<Run> {
  const { app, say, home } = stage
  say('')
  say(
    '# 5. Live: the same cut for real. Three things must say yes: the command, the config, and the execution switch',
  )
  const now = app.parts.clock.now()
  const until = new Date(now.getTime() + 10 * 60_000).toISOString()
  await app.store.setExecutionSwitch({
    enabled: true,
    until,
    reason: 'demo',
    by: OPERATOR,
    at: now.toISOString(),
  })
  say('$ cutter execution enable --for 10m --reason demo')
  const keyFile = makeKey(home)
  say(
    `  A key was made for this demo; ${join(home, 'allowed_signers')} says that ${APPROVER} may approve with it.`,
  )
  say('$ cutter run start cut --document CHARTER --source charter.md --mode live')
  const planned = await startCut(stage, 'live')
  sayPause(stage, planned)

  const drafted = await signed(stage, planned, keyFile)
  say(
    `  ${reportOf(drafted).units} units are in the database as drafts, verified by a second role with its own code;`,
  )
  say(
    `  ${reportOf(drafted).plan.governanceRows} governance rows (13 + 2 for each unit) say what was done and who decided it.`,
  )
  sayPause(stage, drafted)
  const closed = await signed(stage, drafted, keyFile)
  const { before, after } = reportOf(closed).counts
  say(
    `  ${closed.state}: ${closed.outcome}. Before: ${count(before)}; after: ${count(after)}. The articles are in force.`,
  )

  say('')
  say('# 6. And everything can be shown')
  const { entries } = await verifyRun(app.parts, closed.runId)
  say(`$ cutter run history ${closed.runId.slice(-8)} --verify`)
  say(`  ${entries} entries: each hash holds, and replaying them gives the very snapshots that were stored.`)
  return closed
}

async function startCut({ app, charter }: Stage, mode: 'dry-run' | 'live'): Promise<Run> {
  const run = await app.engine.start('cut', { document: 'CHARTER', source: charter }, { mode, by: OPERATOR })
  return paused(run)
}

async function rehearsed({ app, say }: Stage, run: Run): Promise<Run> {
  const approval = await rehearseApproval(app.parts, run.runId, {
    as: 'rehearsal',
    decision: 'approve',
    reason: 'demo',
  })
  say(
    `$ cutter approval rehearse ${run.runId.slice(-8)} && cutter run resume --approval ${approval.approvalId.slice(0, 11)}…`,
  )
  return rested(await app.engine.resume(run.runId, { approvalId: approval.approvalId, by: OPERATOR }))
}

async function signed({ app, say }: Stage, run: Run, keyFile: string): Promise<Run> {
  const statement = { as: APPROVER, decision: 'approve', reason: 'read the plan' } as const
  const { approval } = await signApproval(app.parts, run.runId, { ...statement, keyFile })
  say(`$ cutter approval sign ${run.runId.slice(-8)} --as ${APPROVER} --key approver_key`)
  say(`$ cutter run resume --approval ${approval.approvalId.slice(0, 11)}…`)
  return rested(await app.engine.resume(run.runId, { approvalId: approval.approvalId, by: OPERATOR }))
}

function sayPause({ say }: Stage, run: Run): void {
  say(
    `  It waits: ${run.state} (${run.stopCode}), at gate ${run.gate}, for an approval of plan ${run.planDigest!.slice(0, 15)}…`,
  )
}

function makeKey(home: string): string {
  const keyFile = join(home, 'approver_key')
  for (const file of [keyFile, `${keyFile}.pub`]) rmSync(file, { force: true })
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', APPROVER, '-f', keyFile])
  const line = `${APPROVER} namespaces="cutter.cut.*" ${readFileSync(`${keyFile}.pub`, 'utf8')}`
  writeFileSync(join(home, 'allowed_signers'), line, { mode: 0o644 })
  return keyFile
}

function paused(run: Run): Run {
  if (run.status === 'paused') return run
  throw new CutterError(
    'INTERNAL',
    `the demo's run ${run.runId} should wait at a gate, but: ${run.stop?.message ?? run.status}`,
  )
}

function rested(run: Run): Run {
  if (run.status === 'paused' || run.outcome === 'succeeded') return run
  throw new CutterError(
    'INTERNAL',
    `the demo's run ${run.runId} should have gone on, but: ${run.stop?.message ?? run.status}`,
  )
}

function expectSame(same: boolean, what: string): void {
  if (!same) throw new CutterError('INTERNAL', `${what} should have stayed the same`)
}
