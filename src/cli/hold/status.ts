import { CutterError } from '../../domain/errors.ts'
import type { HoldEntry, HoldInForce } from '../../domain/hold.ts'
import { assertNoSecretWords } from '../../engine/check-secrets.ts'
import { assertOperator } from '../../engine/operators.ts'
import { assertReason } from '../../service/reason.ts'
import { answer } from '../io.ts'
import { type CommonOptions, command, type Session } from '../session.ts'

interface Said extends CommonOptions {
  reason?: string
  by?: string
}

export function holdStatus(options: CommonOptions) {
  return command(options, answerStatus)
}

/** A hold that is on already begins anew: with this reason, and without the releases of before. */
export function holdOn(options: Said & { reason: string }) {
  return command(options, (session) => recorded(session, options, { kind: 'on', runId: null }))
}

export function holdOff(options: Said) {
  return command(options, (session) => recorded(session, options, { kind: 'off', runId: null }))
}

export function holdRelease(text: string, options: Said) {
  return command(options, async (session) => {
    const runId = await session.runId(text)
    const why = await needsNone(session, runId)
    if (why !== null)
      throw new CutterError('INPUT_REFUSED', `${why}, so run ${runId} needs no release; nothing was done`, {
        next: `cutter run show ${runId}`,
      })
    return recorded(session, options, { kind: 'release', runId })
  })
}

async function needsNone({ store }: Session, runId: string): Promise<string | null> {
  if ((await store.run(runId))?.status === 'closed') return 'it is closed'
  return (await store.hold()) === null ? 'no hold is on' : null
}

type Word = { kind: 'on' | 'off'; runId: null } | { kind: 'release'; runId: string }

/** Whoever can reach the store may pull the brake; to let go of it takes an operator. */
async function recorded(session: Session, { reason, by }: Said, word: Word): Promise<number> {
  const said = reason === undefined ? null : assertReason(reason)
  const { parts } = await session.app()
  assertNoSecretWords(parts, { '--reason': reason, '--by': by })
  const entry = {
    ...word,
    reason: said,
    by: word.kind === 'on' ? (by ?? parts.osUser) : assertOperator(parts, by),
    at: parts.clock.now().toISOString(),
  }
  await session.store.recordHold(entry as HoldEntry)
  return answerStatus(session)
}

/** `{ on, since, reason, by, released }`; `released` holds the ids of the runs that were let go. */
async function answerStatus({ io, store }: Session): Promise<number> {
  const inForce = await store.hold()
  const off = { since: null, reason: null, by: null, released: [] }
  answer(io, { on: inForce !== null, ...(inForce ?? off) }, () => linesOf(inForce))
  return 0
}

function linesOf(inForce: HoldInForce | null): string[] {
  if (inForce === null) return ['hold  off']
  const { since, reason, by, released } = inForce
  return [
    `hold  on since ${since} (${reason}, ${by})`,
    ...released.map((runId) => `      but not for ${runId}`),
  ]
}
