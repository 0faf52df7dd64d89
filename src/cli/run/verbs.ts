import { CutterError } from '../../domain/errors.ts'
import type { Status } from '../../domain/run.ts'
import { runSummary } from '../../domain/run.ts'
import { known } from '../../engine/known.ts'
import { answerAtRest } from '../../engine/resting.ts'
import { type CommonOptions, command } from '../command.ts'
import { exitOfRun } from '../exit-codes.ts'
import { answer, answerRun, linesOfRun, table } from '../io.ts'

const optional = <K extends string, V>(key: K, value: V | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V }

export function runResume(
  text: string | undefined,
  options: CommonOptions & { approval?: string; by?: string },
) {
  return command(options, async ({ app, store, io, runId }) => {
    const id = text === undefined ? await runOfApproval(store, options.approval) : await runId(text)
    const resting = answerAtRest(await known({ store }, id), options.approval)
    const run =
      resting ??
      (await (
        await app()
      ).engine.resume(id, {
        ...optional('approvalId', options.approval),
        ...optional('by', options.by),
      }))
    answerRun(io, run)
    return exitOfRun(run)
  })
}

type ApprovalSource = { approval(id: string): Promise<{ statement: { runId: string } } | null> }

async function runOfApproval(store: ApprovalSource, approvalId: string | undefined): Promise<string> {
  if (approvalId === undefined) {
    throw new CutterError('USAGE', 'which run? give its id, or the approval that names it', {
      next: 'cutter run resume <run>, or cutter run resume --approval <id>',
    })
  }
  const approval = await store.approval(approvalId)
  if (approval !== null) return approval.statement.runId
  throw new CutterError('APPROVAL_NOT_FOUND', `there is no approval ${approvalId} here`, {
    next: 'cutter approval list',
  })
}

export function runCancel(text: string, options: CommonOptions & { reason: string; by?: string }) {
  return command(options, async ({ app, io, runId }) => {
    const run = await (await app()).engine.cancel(await runId(text), {
      reason: options.reason,
      ...optional('by', options.by),
    })
    answerRun(io, run)
    return exitOfRun(run)
  })
}

export function runShow(text: string, options: CommonOptions) {
  return command(options, async ({ store, io, runId }) => {
    const run = (await store.run(await runId(text)))!
    const [begun] = await store.history(run.runId)
    const operatorDeclared = begun?.event.operatorDeclared ?? 'self'
    const vouched = operatorDeclared === 'config' ? 'by cutter.yaml' : 'self-declared'
    const isSigned = (await store.closeoutSignatures(run.runId)).length > 0
    const closeout = run.status === 'closed' ? { closeout: isSigned ? 'signed' : 'unsigned' } : {}
    answer(io, { ...runSummary(run), osUser: run.osUser, operatorDeclared, ...closeout }, () => [
      ...linesOfRun(run),
      `by      ${run.startedBy} (${vouched}), OS user ${run.osUser}`,
      ...(closeout.closeout === 'unsigned'
        ? [`closeout unsigned; this signs it: cutter run export ${run.runId} --out <file>`]
        : []),
    ])
    return 0
  })
}

export function runList(options: CommonOptions & { status?: string; machine?: string; limit: string }) {
  return command(options, async ({ store, io }) => {
    const limit = Number(options.limit)
    if (!Number.isInteger(limit) || limit < 1)
      throw new CutterError('USAGE', `--limit takes a whole number from 1, not ${options.limit}`)
    const runs = await store.list({
      limit,
      onTampered: (error) => io.err(`cutter: ${error.message}`),
      ...optional('status', options.status as Status | undefined),
      ...optional('machine', options.machine),
    })
    answer(io, runs.map(runSummary), () =>
      runs.length === 0
        ? ['no runs here yet; start one with: cutter run start cut --document ID --source FILE']
        : table(
            ['RUN', 'MACHINE', 'MODE', 'STATUS', 'STATE', 'STARTED'],
            runs.map((run) => [
              run.runId,
              run.machine,
              run.mode,
              run.outcome ?? run.status,
              run.state,
              run.startedAt,
            ]),
          ),
    )
    return 0
  })
}

/** The plan's canonical bytes, without a final newline, so that their SHA-256 is `planDigest`. */
export function runPlan(text: string, options: CommonOptions) {
  return command(options, async ({ store, runId }) => {
    const run = (await store.run(await runId(text)))!
    if (run.planDigest === null) {
      throw new CutterError('INPUT_REFUSED', `run ${run.runId} has no plan yet, in ${run.state}`, {
        next: `cutter run show ${run.runId}`,
      })
    }
    process.stdout.write((await store.evidence(run.planDigest))!)
    return 0
  })
}

export function runHistory(text: string, options: CommonOptions & { verify?: boolean }) {
  return command(options, async ({ app, store, io, runId }) => {
    const id = await runId(text)
    const history = await store.history(id)
    if (options.verify === true) {
      const { verifyRun } = await import('../../engine/verify-run.ts')
      await verifyRun((await app()).parts, id)
      io.err(
        `cutter: the history of ${id} holds: ${history.length} entries, each hash and snapshot as recorded`,
      )
    }
    answer(io, history, () =>
      table(
        ['SEQ', 'AT', 'EVENT', 'BY', 'STATE', 'STATUS'],
        history.map(({ seq, at, event, by, state, status }) => [
          String(seq),
          at,
          event.type,
          by,
          state,
          status,
        ]),
      ),
    )
    return 0
  })
}
