import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import { withLock } from '../../locks/with-lock.ts'
import { assertRole } from '../access/assert-role.ts'
import { admitFile } from '../access/input-files.ts'
import { assertUnlimited } from '../access/scope.ts'
import { resumeRun } from '../runs/resume.ts'
import { assertNotInterrupted, attempt } from './attempt.ts'
import { type BatchAnswer, batchAnswer, readBatchRows } from './batch-answer.ts'
import { type Batch, type BatchRefusal, loadBatch } from './batch-file.ts'
import { type Continuation, continueApproved, continueRehearsed, continueStopped } from './continuations.ts'

export interface ResumeBatchInput {
  /** Id, or a unique prefix or suffix of one; left out: the only batch. */
  batch?: string | undefined
  /** Ids of approvals. */
  approvals: string[]
  /** Path of a file with an approval's id on each line. */
  approvalsFile?: string | undefined
  /** In a dry run: pass each gate with a rehearsal approval. */
  rehearse: boolean
  /** Label of the operator. */
  by?: string | undefined
  /** Is called after each approval or stopped run: how many of how many are done. */
  onRun?: ((done: number, of: number) => void) | undefined
}

/**
 * Resumes runs of a batch, one after the other: those that the approvals name, or else those that stopped. One home writes one
 * document at a time, so that the order of the writes is known. A run that is refused delays no other.
 * @throws USAGE when both approvals and rehearsals are asked for, or a live batch is rehearsed
 * @throws APPROVAL_NOT_FOUND, INPUT_REFUSED when an approval is for no run of the batch; then nothing was resumed
 */
export async function resumeBatch(home: Home, given: ResumeBatchInput): Promise<BatchAnswer> {
  assertRole(home, 'resume batches')
  assertUnlimited(home, 'resume batches')
  const batch = loadBatch(home.folder, given.batch)
  const continuations = await chooseContinuations(home, batch, given)
  const refusals = await resumeEach(home, continuations, given)
  const rows = await readBatchRows(home.store, batch)
  return batchAnswer(
    batch,
    rows.map((row) => ({
      ...row,
      error: refusals.get(row.run?.runId ?? '') ?? (row.run === null ? row.error : null),
    })),
  )
}

async function chooseContinuations(
  home: Home,
  batch: Batch,
  { approvals, approvalsFile, rehearse, by }: ResumeBatchInput,
): Promise<Continuation[]> {
  const listed =
    approvalsFile === undefined ? [] : await readIds(await admitFile(home, '--approvals', approvalsFile))
  const ids = [...new Set([...approvals, ...listed])]
  if (rehearse && ids.length > 0)
    throw new CutterError('USAGE', '--rehearse makes its own approvals; give either it or approvals')
  if (rehearse) return continueRehearsed(await home.app(), batch, by ?? 'rehearsal')
  if (ids.length > 0 || approvalsFile !== undefined) return continueApproved(home.store, batch, ids)
  return continueStopped(home.store, batch)
}

/** One id on each line. Text after it, empty lines and lines that begin with # are ignored. */
async function readIds(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new CutterError('INPUT_REFUSED', `can't read ${file}: ${cause.message}; nothing was resumed`, {
      cause,
    })
  })
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim().split(/\s/)[0]!)
    .filter((id) => id !== '' && !id.startsWith('#'))
}

/** Returns the errors by run id. */
async function resumeEach(
  home: Home,
  continuations: Continuation[],
  { by, onRun }: Pick<ResumeBatchInput, 'by' | 'onRun'>,
): Promise<Map<string, BatchRefusal>> {
  const { deps } = await home.app()
  const refusals = new Map<string, BatchRefusal>()
  const passed = new Set<string>()
  for (const [done, { runId: run, approvalId: approval, gate }] of continuations.entries()) {
    assertNotInterrupted(deps.interrupt)
    if (done > 0) onRun?.(done, continuations.length)
    // Where a gate needs several people, the first of their approvals takes the others along.
    if (gate !== undefined && passed.has(`${run} ${gate}`)) continue
    const resume = () => alone(home, () => resumeRun(home, { run, approval, by }))
    const refusal = await attempt(resume, deps)
    if (refusal === null) {
      passed.add(`${run} ${gate}`)
      refusals.delete(run)
    } else refusals.set(run, refusal)
  }
  if (continuations.length > 0) onRun?.(continuations.length, continuations.length)
  return refusals
}

/** How long to wait for another process that writes. Longer than any phase may last by default. */
const MAX_WAIT_MS = 15 * 60_000

function alone<T>({ folder }: Home, work: () => Promise<T>): Promise<T> {
  const locks = join(folder, 'var', 'locks')
  mkdirSync(locks, { recursive: true })
  return withLock(join(locks, 'batch.lock'), MAX_WAIT_MS, work)
}
