import { areReportsCurrent, findReportsFolder } from '../../app/run-reports.ts'
import { isOfThisBuild } from '../../builtin/registry.ts'
import { CutterError } from '../../domain/errors.ts'
import { type HoldInForce, holdOver } from '../../domain/hold.ts'
import { type Run, runSummary, type Status } from '../../domain/run.ts'
import { assertNotOnHold } from '../../engine/check-hold.ts'
import { findRestingAnswer } from '../../engine/resume-precheck.ts'
import { assertReason } from '../../service/reason.ts'
import { exitOfRun } from '../exit-codes.ts'
import { answer, answerRun, lineOfHold, linesOfRun, table } from '../io.ts'
import { type CommonOptions, command, holdOf } from '../session.ts'

export const optional = <K extends string, V>(key: K, value: V | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V }

export function runResume(
  text: string | undefined,
  options: CommonOptions & { approval?: string; by?: string },
) {
  return command(options, async ({ app, home, store, io, known }) => {
    const found = await known(text ?? (await runOfApproval(store, options.approval)))
    const id = found.runId
    // A process that died between a rest and its reports left them to the next.
    if (found.status !== 'working' && !areReportsCurrent(home, found))
      await (await app()).parts.reports?.atRest(id)
    await assertNotOnHold({ store }, found)
    // Whether it waits as it did, or is to be upgraded first, the build tells for machines that ship; others are loaded for it.
    const resting =
      found.status === 'closed' || isOfThisBuild(found) ? findRestingAnswer(found, options.approval) : null
    const run =
      resting ??
      (await (
        await app()
      ).engine.resume(id, {
        ...optional('approvalId', options.approval),
        ...optional('by', options.by),
      }))
    answerRun(io, run, await holdOf(store, run))
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
  return command(options, async ({ app, io, store, runId }) => {
    const run = await (await app()).engine.cancel(await runId(text), {
      reason: assertReason(options.reason),
      ...optional('by', options.by),
    })
    answerRun(io, run, await holdOf(store, run))
    return exitOfRun(run)
  })
}

export function runShow(text: string, options: CommonOptions) {
  return command(options, async ({ home, store, io, known }) => {
    const run = await known(text)
    const hold = await holdOf(store, run)
    const [begun] = await store.history(run.runId)
    const operatorDeclared = begun?.event.operatorDeclared ?? 'self'
    const vouched = operatorDeclared === 'config' ? 'by cutter.yaml' : 'self-declared'
    const isSigned = (await store.closeoutSignatures(run.runId)).length > 0
    const closeout = run.status === 'closed' ? { closeout: isSigned ? 'signed' : 'unsigned' } : {}
    const folder = findReportsFolder(home, run.runId)
    answer(io, { ...runSummary(run, hold), osUser: run.osUser, operatorDeclared, ...closeout }, () => [
      ...linesOfRun(run, hold),
      `by      ${run.startedBy} (${vouched}), OS user ${run.osUser}`,
      ...(closeout.closeout === 'unsigned'
        ? [`closeout unsigned; this signs it: cutter run export ${run.runId} --out <file>`]
        : []),
      ...(folder === null ? [] : [`reports ${folder}`]),
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
    const hold = await store.hold()
    const answers = runs.map((run) => runSummary(run, holdOver(hold, run.runId)))
    answer(io, answers, () => linesOfRuns(runs, hold))
    return 0
  })
}

function linesOfRuns(runs: Run[], hold: HoldInForce | null): string[] {
  if (runs.length === 0)
    return ['no runs here yet; start one with: cutter run start cut --document ID --source FILE']
  const standing = (run: Run) =>
    run.status !== 'closed' && holdOver(hold, run.runId) !== null ? `${run.status}, on hold` : run.status
  const rows = runs.map((run) => [
    run.runId,
    run.machine,
    run.mode,
    run.outcome ?? standing(run),
    run.state,
    run.startedAt,
  ])
  const lines = table(['RUN', 'MACHINE', 'MODE', 'STATUS', 'STATE', 'STARTED'], rows)
  return hold === null ? lines : [...lines, lineOfHold(hold)]
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
