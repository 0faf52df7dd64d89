import type { Approval } from '../domain/approval.ts'
import { type Clock, timestamp } from '../domain/clock.ts'
import { CutterError } from '../domain/errors.ts'
import {
  approvalIdOf,
  composeStatement,
  parseStatement,
  type StatementInput,
  statementText,
} from './statement.ts'

/**
 * An approval from what was signed here or elsewhere. Reads and names it; whether the signature is worth anything is
 * asked by `refusal`. Throws INPUT_REFUSED when the statement or the signature's armor can't be read.
 */
export function parseApproval(input: { text: string; signature: string; clock: Clock }): Approval {
  const statement = parseStatement(input.text)
  const signature = `${input.signature.replaceAll('\r\n', '\n').trim()}\n`
  if (!/^-----BEGIN SSH SIGNATURE-----\n[\s\S]+\n-----END SSH SIGNATURE-----\n$/.test(signature)) {
    throw new CutterError(
      'INPUT_REFUSED',
      "the signature is not in OpenSSH's armored form, or was cut short",
      {
        next: `ssh-keygen -Y sign -f <key> -n cutter.${statement.machine}.${statement.gate} <statement>`,
      },
    )
  }
  return { ...freshApproval(input.text, input.clock), kind: 'signed', signature }
}

/** A label for dry runs that vouches for nothing. Throws APPROVAL_REFUSED for a live run. */
export function composeRehearsal(input: StatementInput): Approval {
  const { run } = input
  if (run.mode === 'live') {
    throw new CutterError(
      'APPROVAL_REFUSED',
      `run ${run.runId} is live: a rehearsal approval counts in dry runs only`,
      {
        next: `cutter approval sign ${run.runId} --as <principal> --key <file>`,
      },
    )
  }
  const text = statementText(composeStatement(input))
  return { ...freshApproval(text, input.clock), kind: 'rehearsal', signature: null }
}

function freshApproval(text: string, clock: Clock) {
  return {
    approvalId: approvalIdOf(text),
    statement: parseStatement(text),
    statementText: text,
    importedAt: timestamp(clock),
    usedSeq: null,
    usedAt: null,
  }
}
