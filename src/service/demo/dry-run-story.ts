import type { Run } from '../../domain/run.ts'
import { shellQuote } from '../../domain/shell-quote.ts'
import type { DemoStage } from './demo-stage.ts'
import {
  assertSame,
  describeCounts,
  OPERATOR,
  passRehearsed,
  reportOf,
  sayPause,
  startCut,
} from './demo-steps.ts'

/** Chapters 1 to 4: a dry run up to its end, and a second run of the same document. */
export async function tellDryRun(stage: DemoStage): Promise<{ first: Run; duplicate: Run }> {
  const planned = await tellPlan(stage)
  const first = await tellGates(stage, planned)
  await tellFinishedRun(stage, first)
  return { first, duplicate: await tellDuplicate(stage, first) }
}

async function tellPlan(stage: DemoStage): Promise<Run> {
  const { say, charter } = stage
  say('# 1. A dry run: it plans and proves, and writes nothing to the target')
  say(`$ cutter run start cut --document CHARTER --source ${shellQuote(charter)}`)
  const planned = await startCut(stage, 'dry-run')
  const { sourceSha256, units, records, plan } = reportOf(planned)
  say(`  ${planned.runId} pinned the source (SHA-256 ${sourceSha256.slice(0, 16)}…) and found ${units} units`)
  say(`  and ${records.excluded} repealed one. It planned ${plan.create} new units, and rehearsed every call`)
  say('  on a throwaway copy of the target.')
  sayPause(stage, planned)
  return planned
}

async function tellGates(stage: DemoStage, planned: Run): Promise<Run> {
  const { say } = stage
  say('')
  say('# 2. Through both gates, with rehearsal approvals, which count in dry runs only')
  say('  The first gate (SG1) is for writing the units as drafts, which can be taken back. The second (SG2)')
  say(
    '  is for putting them into force, which can’t. At each gate the run waits for an approval of that plan.',
  )
  const drafted = await passRehearsed(stage, planned)
  sayPause(stage, drafted)
  const first = await passRehearsed(stage, drafted)
  const { before, after } = reportOf(first).counts
  say(`  ${first.state}: ${first.outcome}. Rows of the target before: ${describeCounts(before)};`)
  say(`  after: ${describeCounts(after)}:`)
  say('  nothing changed. The server confirms that no session of Cutter there had a transaction id.')
  return first
}

async function tellFinishedRun({ app, say }: DemoStage, first: Run): Promise<void> {
  say('')
  say('# 3. A finished run always answers the same, and does no work')
  const countEntries = async () => (await app.store.history(first.runId)).length
  const entries = await countEntries()
  const again = await app.engine.resume(first.runId, {})
  assertSame(again.head === first.head && (await countEntries()) === entries, 'the finished run')
  say(`$ cutter run resume ${first.runId.slice(-8)}`)
  say(`  ${again.state}, stop code ${again.stopCode ?? 'none'}; its history still has ${entries} entries.`)
}

async function tellDuplicate(stage: DemoStage, first: Run): Promise<Run> {
  const { app, say } = stage
  say('')
  say('# 4. The same document again: another run, the same source version')
  const duplicate = await startCut(stage, 'dry-run')
  const [one, two] = [reportOf(first).sourceVersionId, reportOf(duplicate).sourceVersionId]
  assertSame(one === two, 'the source version id')
  say(`  ${first.runId}  ${one}`)
  say(`  ${duplicate.runId}  ${two}`)
  say('  That id is made of the document’s name, its text and its profile: the same text, the same version.')
  await app.engine.cancel(duplicate.runId, { reason: 'the demo needs only one', by: OPERATOR })
  return duplicate
}
