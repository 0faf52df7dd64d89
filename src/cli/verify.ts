import { type Command, InvalidArgumentError, Option } from 'commander'
import { describeUnsettled } from '../domain/begun-writes.ts'
import { nameInLine } from '../domain/visible.ts'
import type { Verdict } from '../service/verify.ts'
import { printAnswer } from './answers.ts'
import { action, defineCommand, type GlobalOptions } from './define-command.ts'
import { exitOfVerdict } from './exit-codes.ts'
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
    .option('--revoked <file>', 'your own KRL or list of revoked keys')
    .option('--require <gates>', 'gates that a signed approval must have passed, separated by commas', names)
    .option('--origins <list>', 'web origins where passkeys may have signed, separated by commas', names)
    .option(
      '--timestamp-ca <file>',
      'your own certificates of time-stamping authorities; asks for their tokens',
    )
    .option('--witnesses <file>', 'your own keys of witnesses; asks that one of them cosigned the closeout')
    .option(
      '--require-trusted',
      'somebody in --signers must vouch for each approval and each entry; a dry run cannot meet this',
    )
    .addOption(
      new Option(
        '--integrity-only',
        'ask only whether the bundle holds: exit code 0 without --signers, too',
      ).conflicts(['require', 'origins', 'requireTrusted', 'timestampCa', 'witnesses']),
    )
    .action(action(verify))
}

/** Parses `GATE,…` and `ORIGIN,…`. */
function names(value: string): string[] {
  const list = value.split(',').map((name) => name.trim())
  if (list.every((name) => name !== '')) return list
  throw new InvalidArgumentError('It must be names, separated by commas.')
}

interface Options extends GlobalOptions {
  signers?: string
  revoked?: string
  require?: string[]
  origins?: string[]
  timestampCa?: string
  witnesses?: string
  requireTrusted?: boolean
  integrityOnly?: boolean
}

/** Exit code 1 when the bundle does not hold, 3 when it holds and the checker cannot rely on it. */
function verify(bundle: string, options: Options): Promise<number> {
  return withoutHome(options, async ({ io }) => {
    const { verifyBundleFile } = await import('../service/verify.ts')
    const { signers, revoked, require: requiredGates, origins, requireTrusted, integrityOnly } = options
    const { timestampCa, witnesses } = options
    const verdict = await verifyBundleFile({
      bundle,
      signers,
      revoked,
      requiredGates,
      origins,
      timestampCa,
      witnesses,
      requireTrusted,
    })
    printAnswer(io, verdict, () =>
      linesOfVerdict(bundle, verdict, {
        isRecorded: origins === undefined,
        withSigners: signers !== undefined,
      }),
    )
    return exitOfVerdict(verdict, {
      withSigners: signers !== undefined,
      integrityOnly: integrityOnly === true,
    })
  })
}

interface Given {
  /** The policy in the bundle judged the web origins, and not the checker. */
  isRecorded: boolean
  withSigners: boolean
}

function linesOfVerdict(file: string, verdict: Verdict, given: Given): string[] {
  const { holds, firstFault, runId, machine, mode, outcome, entries } = verdict
  const { approvals, unsettledWrites, ranges, times, unmet, notes } = verdict
  const run = (end: string) =>
    runId === null ? [] : [`run      ${nameInLine(runId)}   ${nameInLine(machine ?? '')}, ${mode}, ${end}`]
  if (!holds) {
    const { code, message } = firstFault!
    return [`bundle   ${file} DOES NOT HOLD`, ...run('not proven'), `fault    ${code}: ${message}`]
  }
  return [
    `bundle   ${file} holds`,
    ...run(`${outcome ?? 'open'}, ${entries} entries`),
    ...unsettledWrites.map((write) => `unknown  ${describeUnsettled(write)}`),
    ...approvals.filter(isUnsigned).map(describeUnsigned),
    ...ranges.map(
      (range) =>
        `${`${range.from}–${range.to}`.padEnd(8)} ${describeRange(range, given)}${describeOrigin(range, given)}`,
    ),
    ...times.map((one) => `time     ${describeTime(one)}`),
    ...unmet.map((sentence) => `unmet    ${sentence}`),
    ...notes.map((note) => `note     ${note}`),
  ]
}

const DECIDED = { approve: 'approved', reject: 'rejected', void: 'voided', abandon: 'abandoned' }

/** Approvals that no range shows: those of a dry run, and those that did not count. */
const isUnsigned = ({ kind, counted }: Verdict['approvals'][number]) => kind === 'rehearsal' || !counted

function describeUnsigned({ gate, decision, approver, kind, counted }: Verdict['approvals'][number]): string {
  const how = kind === 'rehearsal' ? 'not signed' : 'signed'
  return `–        gate ${nameInLine(gate)}: ${DECIDED[decision]} by ${nameInLine(approver)}, ${how}${counted ? '' : ', did not count'}`
}

function describeRange(range: Verdict['ranges'][number], given: Given): string {
  const { by, kind, gate, decision = 'approve', fingerprint } = range
  if (kind === 'nobody') return 'covered by no signature'
  const approved = `gate ${nameInLine(gate ?? '')}: ${DECIDED[decision]}`
  const how = { approval: approved, closeout: 'closed out', countersign: 'countersigned' }[kind]
  return `${how} by ${nameInLine(by ?? '')} with ${fingerprint}, ${describeTrust(range, given)}`
}

function describeTrust(
  { trusted, revoked, earlierKey }: Verdict['ranges'][number],
  { withSigners }: Given,
): string {
  if (revoked === true) return 'a key that is revoked'
  const unknown = withSigners ? 'who is not in your list of signers' : 'and you gave no list of signers'
  if (earlierKey === undefined) return trusted ? 'whom you trust' : unknown
  const { signer, fingerprint } = earlierKey
  return earlierKey.revoked
    ? `${unknown}; the earlier key ${fingerprint} is revoked`
    : `whom you trust by the earlier key ${fingerprint} of ${nameInLine(signer)}`
}

function describeTime({ kind, of, at, by, trusted, fault }: Verdict['times'][number]): string {
  const what = of === 'closeout' ? 'closeout' : `approval ${of}`
  if (fault !== null)
    return `${what}: its ${kind === 'time-token' ? 'time token' : 'log proof'} proves nothing: ${fault}`
  const who = nameInLine(by ?? '')
  if (kind === 'time-token')
    return `${what} existed at ${at}, says ${who}, ${trusted ? 'whom you trust' : 'whom you do not trust by --timestamp-ca'}`
  return trusted
    ? `${what} existed at ${at}, says the witness ${who}, whom you trust`
    : `${what} is in the log ${who}, whose witnesses you do not trust by --witnesses`
}

function describeOrigin({ origin }: Verdict['ranges'][number], { isRecorded }: Given): string {
  if (origin === undefined) return ''
  return `, on a page of ${nameInLine(origin)}${isRecorded ? ', judged only by what the instance recorded' : ''}`
}
