import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { Command } from 'commander'
import type { FoundService } from '../../client/find-service.ts'
import { CutterError } from '../../domain/errors.ts'
import { nameInLine } from '../../domain/visible.ts'
import type { RunReview } from '../../service/runs/review.ts'
import { printAnswer } from '../answers.ts'
import { printKeptApproval } from '../approval/approval-lines.ts'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions, REASON } from '../define-command.ts'
import { currentPlace } from '../place.ts'
import { inHome, type Session } from '../session.ts'
import { linesOfReview } from './review-lines.ts'

interface Options extends GlobalOptions {
  as?: string
  key?: string
  reason: string
}

/**
 * `cutter run review`: shows what belongs to a decision at a gate, and with `--as` and `--key` asks whether to sign it. The key is used by this
 * process, also where a service keeps the run. Exit code 0 for both answers.
 */
export function defineReview(group: Command): void {
  defineCommand(
    group,
    'review',
    'show plan, differences, what can’t be taken back and who signed; with --as and --key sign it, y or n',
    'cutter run review 0f3a9c1d --as alice@example.org --key ~/.ssh/id_ed25519',
  )
    .argument('<run>', RUN)
    .option('--as <principal>', 'then ask whether to sign as this principal of allowed_signers')
    .option('--key <file>', 'private key, or the public key of one that an agent holds')
    .option(...REASON, '')
    .action(action(review))
}

function review(run: string, options: Options): Promise<number> {
  return inHome(options, async (session) => {
    const { home, io } = session
    const { as, key } = options
    if ((as === undefined) !== (key === undefined))
      throw new CutterError('USAGE', '--as and --key belong together; nothing was signed', {
        next: 'give both to be asked for a signature, or none to read',
      })
    if (as !== undefined && key !== undefined) return signReviewed(session, run, { ...options, as, key })
    const { reviewRun } = await import('../../service/runs/review.ts')
    const found = await reviewRun(home, { run })
    printAnswer(io, found, () => linesOfReview(found, io.width))
    return 0
  })
}

type Signing = Options & { as: string; key: string }

async function signReviewed(session: Session, run: string, options: Signing): Promise<number> {
  const { home, io } = session
  assertCanAsk(options)
  const { findLiveService } = await import('../live-service.ts')
  const service = await findLiveService()
  const found = service === null ? await readHere(session, run) : await readThere(service, run, options)
  if (typeof found === 'number') return found
  for (const line of linesOfReview(found, io.width)) io.out(line)
  const { runId, planDigest, status, gate } = found.run
  if (status !== 'paused' || planDigest === null)
    throw new CutterError('EVENT_REFUSED', `run ${runId} does not wait at a gate; nothing was signed`, {
      next: `cutter run show ${runId}`,
      data: { runId },
    })
  const { as, key, reason } = options
  if (found.isMoved) throw movedError(found)
  if (!(await asksYes(`Sign this plan at gate ${gate} as ${nameInLine(as)}? [y/N] `, session.interrupt))) {
    io.out('nothing was signed')
    return 0
  }
  const given = { as, decision: 'approve' as const, reason, key, shown: planDigest }
  if (service !== null) {
    const { signForService } = await import('../approval/sign-for-service.ts')
    return signForService(session, service, runId, { ...options, ...given })
  }
  const { signApproval } = await import('../../service/approvals/sign.ts')
  return printKeptApproval(io, await signApproval(home, { run: runId, ...given }))
}

/** Nobody is asked to sign a plan that would be refused. */
function movedError({ run: { runId }, refusals }: RunReview): CutterError {
  const drift = refusals.find(({ reason }) => reason === 'DRIFT')
  return new CutterError(
    'EVENT_REFUSED',
    `${drift?.message ?? 'the world has moved since the plan was made'}; nothing was signed`,
    { next: drift?.next ?? `cutter run explain ${runId}`, data: { runId } },
  )
}

/** A pipe answers for nobody. */
function assertCanAsk({ json, as }: Signing): void {
  if (json !== true && process.stdin.isTTY === true && currentPlace().stdout.isTerminal) return
  throw new CutterError(
    'USAGE',
    `run review asks ${nameInLine(as)} on a terminal, and there is none; nothing was signed`,
    { next: 'cutter approval sign <run> --as <principal> --key <file> signs without a question' },
  )
}

async function readHere({ home }: Session, run: string): Promise<RunReview> {
  const { reviewRun } = await import('../../service/runs/review.ts')
  return reviewRun(home, { run })
}

/** Reads it from the service that keeps the run; its exit code when that refuses. */
async function readThere(service: FoundService, run: string, { home }: Signing): Promise<RunReview | number> {
  const parts: Buffer[] = []
  const words = ['run', 'review', run, '--json', ...(home === undefined ? [] : ['--home', home])]
  // A part of the answer is overwritten by the next one.
  const { exchange } = await import('../../client/ask-service.ts')
  const code = await exchange(service, words, { out: (bytes) => void parts.push(Buffer.from(bytes)) })
  return code === 0 ? (JSON.parse(Buffer.concat(parts).toString()) as RunReview) : code
}

/** How long keys may arrive that were pressed before the question, in milliseconds. */
const TYPED_BEFORE_MS = 100

/** Takes what was typed before the question: it answers nothing. False after Ctrl-C. */
async function discardTyped(): Promise<boolean> {
  const { stdin } = process
  let typed = ''
  const take = (bytes: Buffer) => {
    typed += bytes.toString('latin1')
  }
  // Only in raw mode the terminal also gives a line that is not ended.
  stdin.setRawMode(true)
  stdin.on('data', take)
  await setTimeout(TYPED_BEFORE_MS)
  stdin.off('data', take).pause()
  stdin.setRawMode(false)
  return !typed.includes('\u0003')
}

async function asksYes(question: string, interrupt: AbortSignal): Promise<boolean> {
  if (!(await discardTyped())) return false
  // Loaded here, because no other command asks.
  const { createInterface } = await import('node:readline')
  const lines = createInterface({ input: process.stdin, output: currentPlace().stdout.writable })
  try {
    lines.setPrompt(question)
    lines.prompt()
    // Ctrl-C and the end of the input are a no.
    lines.on('SIGINT', () => lines.close())
    const closed = once(lines, 'close', { signal: interrupt }).then(() => '')
    const [answer] = await Promise.race([once(lines, 'line', { signal: interrupt }), closed.then(() => [''])])
    return /^y(es)?$/i.test(String(answer).trim())
  } catch {
    return false
  } finally {
    lines.close()
  }
}
