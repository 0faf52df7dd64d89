import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Run } from '../../domain/run.ts'
import { verifyRun } from '../../engine/verify-run.ts'
import type { Tool } from '../../tools/open-tools.ts'
import type { DemoStage } from './demo-stage.ts'
import { APPROVER, describeCounts, OPERATOR, passSigned, reportOf, sayPause, startCut } from './demo-steps.ts'

const SWITCH_MS = 10 * 60_000

/** Chapters 5 and 6: the same cut in live mode, and the check of its history. */
export async function tellLiveRun(stage: DemoStage, sshKeygen: Tool): Promise<Run> {
  const { say } = stage
  say('')
  say(
    '# 5. Live: the same cut for real. It needs three permissions: the command, the config, and the execution',
  )
  say('  switch.')
  await enableExecution(stage, SWITCH_MS)
  say('$ cutter execution enable --for 10m --reason demo')
  const keyFile = makeApproverKey(stage.home, sshKeygen)
  say(
    `  A key was made for this demo; ${join(stage.home, 'allowed_signers')} says that ${APPROVER} may approve`,
  )
  say('  with it.')
  say('$ cutter run start cut --document CHARTER --source charter.md --mode live')
  const planned = await startCut(stage, 'live')
  sayPause(stage, planned)
  const closed = await tellLiveGates(stage, planned, keyFile)
  await tellProof(stage, closed)
  return closed
}

async function tellLiveGates(stage: DemoStage, planned: Run, keyFile: string): Promise<Run> {
  const { say } = stage
  const drafted = await passSigned(stage, planned, keyFile)
  const { units, plan } = reportOf(drafted)
  say(`  ${units} units are in the database as drafts, verified by a second role with its own code.`)
  say(
    `  ${plan.governanceRows} governance rows (13 + 2 for each unit) record what was done and who decided it.`,
  )
  sayPause(stage, drafted)
  const closed = await passSigned(stage, drafted, keyFile)
  const { before, after } = reportOf(closed).counts
  say(`  ${closed.state}: ${closed.outcome}. Before: ${describeCounts(before)};`)
  say(`  after: ${describeCounts(after)}. The units are in force.`)
  return closed
}

async function tellProof({ app, say }: DemoStage, { runId }: Run): Promise<void> {
  say('')
  say('# 6. And everything can be proven')
  const { entries } = await verifyRun(app.deps, runId)
  say(`$ cutter run history ${runId.slice(-8)} --verify`)
  say(`  ${entries} entries: each hash holds, and replaying them gives exactly the stored snapshots.`)
}

/** Allows live writes for a time, in milliseconds. */
export async function enableExecution({ app }: DemoStage, forMs: number): Promise<void> {
  const now = app.deps.clock.now()
  await app.store.setExecutionSwitch({
    enabled: true,
    until: new Date(now.getTime() + forMs).toISOString(),
    reason: 'demo',
    by: OPERATOR,
    at: now.toISOString(),
  })
}

/** Path of the private key of the demo's approver. */
export const approverKeyFile = (home: string) => join(home, 'approver_key')

/** Makes a key pair and lists it in the demo's allowed_signers. Returns the path of the private key. */
function makeApproverKey(home: string, { file, args }: Tool): string {
  const keyFile = approverKeyFile(home)
  for (const file of [keyFile, `${keyFile}.pub`]) rmSync(file, { force: true })
  execFileSync(file, [...args, '-q', '-t', 'ed25519', '-N', '', '-C', APPROVER, '-f', keyFile])
  const line = `${APPROVER} namespaces="cutter.cut.*" ${readFileSync(`${keyFile}.pub`, 'utf8')}`
  writeFileSync(join(home, 'allowed_signers'), line, { mode: 0o644 })
  return keyFile
}
