import type { Command } from 'commander'
import type { Verdict } from '../service/verify.ts'
import { printAnswer } from './answers.ts'
import { action, defineCommand, type GlobalOptions } from './define-command.ts'
import { withoutHome } from './session.ts'

/**
 * `cutter verify`: checks an evidence bundle anywhere, also where Cutter was never set up. It prints the first fault, or which entries are
 * covered by whose signature. The exit code is the verdict.
 */
export function defineVerify(program: Command): void {
  defineCommand(
    program,
    'verify',
    'check an evidence bundle without home, database and network; only --signers makes a signer trusted',
    'cutter verify run.tar --signers allowed_signers',
  )
    .argument('<bundle>', 'the evidence bundle')
    .option('--signers <file>', 'your own allowed_signers')
    .action(action(verify))
}

/** Exit code 1 when the bundle does not hold. */
function verify(bundle: string, options: GlobalOptions & { signers?: string }): Promise<number> {
  return withoutHome(options, async ({ io }) => {
    const { verifyBundleFile } = await import('../service/verify.ts')
    const verdict = await verifyBundleFile({ bundle, signers: options.signers })
    printAnswer(io, verdict, () => linesOfVerdict(bundle, verdict))
    return verdict.holds ? 0 : 1
  })
}

function linesOfVerdict(file: string, verdict: Verdict): string[] {
  const { holds, firstFault, runId, machine, mode, outcome, entries, ranges, notes } = verdict
  const run =
    runId === null
      ? []
      : [`run      ${runId}   ${machine}, ${mode}, ${outcome ?? 'open'}, ${entries} entries`]
  if (!holds) {
    const { code, message } = firstFault!
    return [`bundle   ${file} DOES NOT HOLD`, ...run, `fault    ${code}: ${message}`]
  }
  return [
    `bundle   ${file} holds`,
    ...run,
    ...ranges.map((range) => `${`${range.from}–${range.to}`.padEnd(8)} ${describeRange(range)}`),
    ...notes.map((note) => `note     ${note}`),
  ]
}

const DECIDED = { approve: 'approved', reject: 'rejected', void: 'voided' }

function describeRange({
  by,
  kind,
  decision = 'approve',
  trusted,
  fingerprint,
}: Verdict['ranges'][number]): string {
  if (kind === 'nobody') return 'covered by no signature'
  const how = { approval: DECIDED[decision], closeout: 'closed out', countersign: 'countersigned' }[kind]
  return `${how} by ${by} with ${fingerprint}, ${trusted ? 'whom you trust' : 'who is not in your list of signers'}`
}
