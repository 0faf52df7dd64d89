import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, openApp } from '../../../app/open-app.ts'
import { loadModule } from '../../../custom/load-module.ts'
import { CutterError } from '../../../domain/errors.ts'
import type { Mode, Run } from '../../../domain/run.ts'
import { rehearseApproval, signApproval } from '../../../engine/manage-approvals.ts'
import { TRUSTED_TOOLS } from '../../../tools/open-tools.ts'
import { type Watch, watchedEffects } from './watched-effects.ts'

/** Where a trial's store and policy are, and the signing key of its approver. */
export interface TrialKeys {
  folder: string
  keyFile: string
}

/** A home of a trial: a store, a policy and a signing key that nobody else uses. */
export interface TrialHome extends TrialKeys {
  remove(): void
}

const APPROVER = 'approver@trial'
const OPERATOR = 'trial'
const SWITCH_MS = 60 * 60_000

/**
 * Makes a home for the runs of one trial.
 * @throws TOOL_MISSING without ssh-keygen
 */
export function makeTrialHome(machine: string): TrialHome {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-trial-')))
  const keyFile = join(folder, 'approver_key')
  try {
    writeFileSync(join(folder, 'cutter.yaml'), 'execution: { allowLive: true }\n', { mode: 0o600 })

    execFileSync(sshKeygen(), ['-q', '-t', 'ed25519', '-N', '', '-C', APPROVER, '-f', keyFile])
    const line = `${APPROVER} namespaces="cutter.${machine}.*" ${readFileSync(`${keyFile}.pub`, 'utf8')}`
    writeFileSync(join(folder, 'allowed_signers'), line, { mode: 0o600 })
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
  return { folder, keyFile, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

function sshKeygen(): string {
  const tool = TRUSTED_TOOLS.find('sshKeygen')
  if (tool !== null) return tool.file
  const { why, next } = TRUSTED_TOOLS.describeMissing('sshKeygen')
  throw new CutterError('TOOL_MISSING', `ssh-keygen ${why}; live runs of a trial need it`, { next })
}

/** One process of a run: the module is loaded again, and all of its memory is gone when it dies. */
export interface Life {
  app: App
  /** Whether the trial killed it. */
  isDead(): boolean
  close(): Promise<void>
}

/** Begins a process in a trial's home. With a watch the machine's writes are watched, and it may be killed. */
export async function beginLife(home: TrialKeys, file: string, watch: Watch | null): Promise<Life> {
  const death = new AbortController()
  const app = await openApp({ home: home.folder, env: process.env, interrupt: death.signal })
  // The engine then records nothing more, as if the process had ended here.
  const die = (): never => {
    death.abort()
    throw new Error('killed by the trial')
  }
  const before = globalThis.console
  const loaded = await loadModule(file)
  globalThis.console = before
  const effects = watch === null ? loaded.effects : watchedEffects(loaded.effects, watch, die)
  await app.useModule({ ...loaded, effects })
  return { app, isDead: () => death.signal.aborted, close: () => app.close() }
}

/** Starts a run, and turns the execution switch on where it is live. */
export async function startTrialRun(
  { app }: Life,
  machine: string,
  input: Parameters<App['engine']['start']>[1],
  mode: Mode,
): Promise<Run> {
  if (mode === 'live') await enableExecution(app)
  return app.engine.start(machine, input, { mode, by: OPERATOR })
}

async function enableExecution({ deps, store }: App): Promise<void> {
  const now = deps.clock.now()
  await store.setExecutionSwitch({
    enabled: true,
    until: new Date(now.getTime() + SWITCH_MS).toISOString(),
    reason: 'trial',
    by: OPERATOR,
    at: now.toISOString(),
  })
}

/** Approves the plan at which a run waits, and resumes the run. */
export async function approveTrialRun({ app }: Life, { keyFile }: TrialKeys, run: Run): Promise<Run> {
  const statement = { as: APPROVER, decision: 'approve' as const, reason: 'trial' }
  const approval =
    run.mode === 'live'
      ? (await signApproval(app.deps, run.runId, { ...statement, keyFile })).approval
      : await rehearseApproval(app.deps, run.runId, statement)
  return app.engine.resume(run.runId, { approvalId: approval.approvalId, by: OPERATOR })
}

/** Resumes a run whose process died. */
export const resumeTrialRun = ({ app }: Life, runId: string): Promise<Run> =>
  app.engine.resume(runId, { by: OPERATOR })
