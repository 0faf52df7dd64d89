import { readFile } from 'node:fs/promises'
import { type Approval, approvalSummary, type Decision } from '../../domain/approval.ts'
import { CutterError } from '../../domain/errors.ts'
import type { KeptApproval } from '../../engine/manage-approvals.ts'
import { answer, type Io, table } from '../io.ts'
import { type CommonOptions, command } from '../session.ts'

interface StatementFlags extends CommonOptions {
  as: string
  decision: Decision
  reason: string
}

const approving = () => import('../../engine/manage-approvals.ts')

/** The exact bytes to sign, without a final newline: `… > statement.json && ssh-keygen -Y sign -n cutter.cut.SG1 …`. */
export function approvalStatement(text: string, options: StatementFlags) {
  return command(options, async ({ app, runId }) => {
    const { composeStatementText } = await approving()
    process.stdout.write(await composeStatementText((await app()).parts, await runId(text), options))
    return 0
  })
}

export function approvalSign(text: string, options: StatementFlags & { key: string }) {
  return command(options, async ({ app, io, runId }) => {
    const { signApproval } = await approving()
    const { approval, warning } = await signApproval((await app()).parts, await runId(text), {
      ...options,
      keyFile: options.key,
    })
    warn(io, warning)
    return answerApproval(io, approval)
  })
}

export function approvalImport(options: CommonOptions & { statement: string; signature: string }) {
  return command(options, async ({ app, io }) => {
    const { importApproval } = await approving()
    const statement = await fileText(options.statement)
    const { parts } = await app()
    const { approval, warning } = await importApproval(parts, statement, await fileText(options.signature))
    warn(io, warning)
    return answerApproval(io, approval)
  })
}

export function approvalRehearse(text: string, options: StatementFlags) {
  return command(options, async ({ app, io, runId }) => {
    const { rehearseApproval } = await approving()
    return answerApproval(io, await rehearseApproval((await app()).parts, await runId(text), options))
  })
}

export function approvalList(text: string | undefined, options: CommonOptions) {
  return command(options, async ({ store, io, runId }) => {
    const approvals = await store.approvals(text === undefined ? undefined : await runId(text))
    answer(io, approvals.map(listed), () =>
      approvals.length === 0
        ? ['no approvals here yet']
        : table(
            ['APPROVAL', 'RUN', 'GATE', 'DECISION', 'KIND', 'APPROVER', 'USED'],
            approvals.map((approval) => {
              const { runId: run, gate, decision, approver } = approval.statement
              return [
                approval.approvalId,
                run,
                gate,
                decision,
                approval.kind,
                approver,
                approval.usedAt ?? 'no',
              ]
            }),
          ),
    )
    return 0
  })
}

export function approvalShow(id: string, options: CommonOptions) {
  return command(options, async ({ store, io }) => {
    const approval = await store.approval(id)
    if (approval === null) {
      throw new CutterError('APPROVAL_NOT_FOUND', `there is no approval ${id} here`, {
        next: 'cutter approval list',
      })
    }
    const { statement, statementText, signature } = approval
    answer(io, { ...listed(approval), statement, statementText, signature }, () => [
      ...linesOf(approval),
      '',
      statementText,
      ...(signature === null ? [] : ['', signature.trimEnd()]),
    ])
    return 0
  })
}

const listed = (approval: Approval) => ({
  ...approvalSummary(approval),
  usedSeq: approval.usedSeq,
  usedAt: approval.usedAt,
})

function warn(io: Io, warning: KeptApproval['warning']): void {
  if (warning === null) return
  const alone = warning.reason === 'NOT_ENOUGH_APPROVERS'
  const words = alone ? 'kept; it needs others beside it' : 'kept, but it would not count as things are now'
  io.err(`cutter: ${words}: ${warning.message}`)
}

function answerApproval(io: Io, approval: Approval): number {
  answer(io, approvalSummary(approval), () => [
    ...linesOf(approval),
    `next      cutter run resume --approval ${approval.approvalId}`,
  ])
  return 0
}

function linesOf({ approvalId, kind, statement }: Approval): string[] {
  const { decision, gate, runId, planDigest, approver, expiresAt } = statement
  return [
    `approval  ${approvalId}   ${kind}`,
    `decides   ${decision} at ${gate} of ${runId}`,
    `plan      ${planDigest}`,
    `by        ${approver}, until ${expiresAt}`,
  ]
}

async function fileText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new CutterError('INPUT_REFUSED', `can't read ${path}: ${(cause as Error).message}`, { cause })
  }
}
