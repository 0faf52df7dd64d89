import type { Approval } from '../domain/approval.ts'
import { type Clock, timestamp } from '../domain/clock.ts'
import { CutterError } from '../domain/errors.ts'
import { composeStatement, type StatementInput } from './compose-statement.ts'
import { approvalIdOf, parseStatement, statementText } from './statement.ts'

/**
 * Parses an approval from a statement and its armored OpenSSH signature, made here or elsewhere. `judgeApproval` verifies the signature.
 * @throws INPUT_REFUSED when the statement or the armor of the signature cannot be read
 */
export function parseApproval(input: { text: string; signature: string; clock: Clock }): Approval {
  const statement = parseStatement(input.text)
  const signature = `${input.signature.replaceAll('\r\n', '\n').trim()}\n`
  if (!/^-----BEGIN SSH SIGNATURE-----\n[\s\S]+\n-----END SSH SIGNATURE-----\n$/.test(signature)) {
    throw new CutterError(
      'INPUT_REFUSED',
      "the signature is not in OpenSSH's armored form, or was cut short",
      { next: `ssh-keygen -Y sign -f <key> -n cutter.${statement.machine}.${statement.gate} <statement>` },
    )
  }
  return { ...newApproval(input.text, input.clock), kind: 'signed', signature }
}

/**
 * Composes a rehearsal: an approval for dry runs, without a signature.
 * @throws APPROVAL_REFUSED for a live run, or for a run that does not wait at a gate
 */
export function composeRehearsal(input: StatementInput): Approval {
  const { run } = input
  if (run.mode === 'live') {
    throw new CutterError(
      'APPROVAL_REFUSED',
      `run ${run.runId} is live: a rehearsal approval counts in dry runs only`,
      { next: `cutter approval sign ${run.runId} --as <principal> --key <file>` },
    )
  }
  const text = statementText(composeStatement(input))
  return { ...newApproval(text, input.clock), kind: 'rehearsal', signature: null }
}

function newApproval(text: string, clock: Clock) {
  return {
    approvalId: approvalIdOf(text),
    statement: parseStatement(text),
    statementText: text,
    importedAt: timestamp(clock),
    usedSeq: null,
    usedAt: null,
  }
}
