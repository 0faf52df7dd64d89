// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the expressions belong to the shell that runs the text.

import { readPageOrigin } from '../approvals/openssh/security-key.ts'
import { namespaceOf, parseStatement } from '../approvals/statement.ts'
import { findAbandonment } from '../domain/begun-writes.ts'
import type { LostEvidence } from '../domain/lost-evidence.ts'
import { shellQuote } from '../domain/shell-quote.ts'
import {
  CLOSEOUT,
  MANIFEST,
  pathOfCountersignature,
  pathOfSignature,
  pathOfStatement,
  RUN,
} from './bundle-paths.ts'
import { CLOSEOUT_NAMESPACE } from './closeout-statement.ts'
import { PAGE_COMMANDS, PAGE_TEXT } from './page-instructions.ts'
import {
  countedApprovals,
  formatOf,
  gatePassages,
  type RecordedApproval,
  type RunRecord,
  type SignedCloseout,
} from './run-record.ts'

/**
 * `VERIFY.md`: how to check this bundle with a POSIX shell, `ssh-keygen`, `tar` and `sha256sum`. Its commands stop at the first
 * fault when they are run in their order under `sh -eu`; a test does that. `verify` derives the text again and compares bytes.
 */
export function verifyInstructions(record: RunRecord): string {
  const { run, history, closeout } = record
  const end = run.status === 'closed' ? `closed as ${run.outcome}` : `open (${run.status})`
  return [
    `# How to check this evidence bundle`,
    `Run ${span(run.runId)} of machine ${span(run.machine)} ${span(run.version)}, ${run.mode}: ${end} in state ${span(run.state)}, at entry ${history.length}. The bundle has format ${formatOf(record)}, as \`${RUN}\` says.`,
    `\`cutter verify <bundle> --signers <your allowed_signers>\` checks all of this and more. The commands below need only a POSIX shell, \`tar\`, \`sha256sum\` and \`ssh-keygen\` (OpenSSH 8.9 or newer). Take \`allowed_signers\` and the key of the instance from a place that you trust, never from this bundle. The folder \`trust/\` shows the files that were in force when the gates were decided.`,
    `## Unpack`,
    shell(
      'bundle=../bundle.tar            # path of the bundle',
      'signers=../allowed_signers      # your own file, in the format of ssh-keygen(1), ALLOWED SIGNERS',
      'tar -xf "$bundle"',
    ),
    `## Each file is the one that the manifest names`,
    `The files in \`evidence/\`, \`plans/\` and \`trust/\` have their digest in their name. The history entry that left a file names it by that digest.`,
    shell(`sha256sum -c ${MANIFEST}`, ...contentAddressed),
    `## The history is one chain`,
    `Each line of \`history.jsonl\` is an entry in its RFC 8785 form. Its \`hash\` is the SHA-256 of the line without the field \`hash\`. Its \`previousHash\` is the hash of the line before. In the first line it is the SHA-256 of \`genesis.json\`, the facts with which the run started. The last entry names the digest of \`snapshot.json\`.`,
    shell(...chain),
    ...approvalSections(record),
    ...abandonedSection(record),
    ...(closeout === null ? missingCloseout(record) : closeoutSections(closeout)),
    '',
  ].join('\n\n')
}

/** Text of others as a code span. Characters that could end the span or hide something are written as code points. */
function span(text: string): string {
  const visible = text.replace(
    /[\p{Cc}\p{Cf}\p{Co}\u2028\u2029`]/gu,
    (sign) => `\\u{${sign.codePointAt(0)!.toString(16)}}`,
  )
  return `\`${visible}\``
}

const shell = (...lines: string[]) => ['```sh', ...lines, '```'].join('\n')

const contentAddressed = [
  'for file in evidence/* plans/* trust/*; do',
  '  [ -e "$file" ] || continue',
  '  sum=$(sha256sum < "$file")',
  '  case $file in *"${sum%% *}"*) ;; *) echo "$file is not what its name says"; exit 1 ;; esac',
  'done',
]

const chain = [
  'digest() { sum=$(sha256sum); echo "sha256:${sum%% *}"; }',
  'field() { rest=${2#*\\"$1\\":\\"}; echo "${rest%%\\"*}"; }',
  'hash_of() { rest=${1##*,\\"hash\\":\\"}; echo "${rest%%\\"*}"; }',
  'previous=$(digest < genesis.json)',
  'while IFS= read -r line; do',
  '  head=${line%,\\"hash\\":\\"*}; tail=${line##*,\\"hash\\":\\"}',
  '  hash=$(hash_of "$line")',
  '  [ "$(field previousHash "$tail")" = "$previous" ] || { echo "broken before: $line"; exit 1; }',
  '  [ "$(printf %s "$head${tail#*\\"}" | digest)" = "$hash" ] || { echo "edited: $line"; exit 1; }',
  '  previous=$hash',
  'done < history.jsonl',
  '[ "$(field snapshotDigest "$tail")" = "$(digest < snapshot.json)" ] || { echo "another snapshot"; exit 1; }',
  'echo "the history holds, its head is $previous"',
]

function approvalSections(record: RunRecord): string[] {
  const showsPages = record.instructions >= 2
  const passages = gatePassages(record)
  if (passages.length === 0) return ['## The run passed no gate']
  const sections = passages.flatMap((passage) =>
    countedApprovals(record, passage).flatMap((approval) =>
      approvalSection(approval, passage.usedSeq, record.history[passage.usedSeq - 1]!.at, showsPages),
    ),
  )
  return [
    `## The decisions at the gates`,
    `Each approver who counts for a decision signed a statement. The statement names the plan by its digest. Its ` +
      `\`historyHead\` is the hash of entry \`seq\`, at which the run arrived at the gate, so the signature covers that entry ` +
      `and all entries before it. The commands verify each signature as of the time at which the run used the approval.`,
    shell(...arrived),
    ...(showsPages ? [PAGE_TEXT, shell(...PAGE_COMMANDS)] : []),
    ...sections,
  ]
}

/** Of an abandoned run alone, so that the text of every other run stays as it is. */
function abandonedSection({ history }: RunRecord): string[] {
  const abandoned = findAbandonment(history)
  if (abandoned === null) return []
  const { entry, unsettledWrites, lostEvidence } = abandoned
  const list = unsettledWrites.map(
    ({ phase, seq, attempt, known }) => `- ${span(phase)}, entry ${seq}, attempt ${attempt}: ${span(known)}`,
  )
  return [
    `## The run was abandoned`,
    `Entry ${entry.seq} closed the run under a statement with the decision \`abandon\`. Such a statement belongs to no gate. Its \`seq\` names the newest entry that had moved the run, and its \`planDigest\` is the digest of the list of unsettled writes.`,
    list.length === 0
      ? `The list is empty: the record knows of no write whose outcome is unknown.`
      : `Nobody knows whether these writes were committed:\n\n${list.join('\n')}`,
    ...(lostEvidence.length === 0 ? [] : [lostParagraph(lostEvidence)]),
  ]
}

const lostParagraph = (lost: LostEvidence[]) =>
  `The store had lost this evidence, so the bundle lacks it, and a command above stops where it asks for one of these:\n\n${lost
    .map(({ name, seq, digest }) => `- ${span(name)}, entry ${seq}, ${digest}`)
    .join('\n')}`

/** Statements are flat and canonical. The text of one field cannot hold the pattern of another, because its quotes are escaped. */
const arrived = [
  'arrived() {',
  '  IFS= read -r statement < "$1" || :',
  '  sum=$(sha256sum < "$1")',
  '  case $1 in *"ap-${sum%"${sum#????????????????????????????????}"}".json) ;; *) echo "$1 was edited"; exit 1 ;; esac',
  '  rest=${statement#*\\"seq\\":}; seq=${rest%%,*}; n=0',
  '  while IFS= read -r line; do n=$((n + 1)); [ "$n" -lt "$seq" ] || break; done < history.jsonl',
  '  [ "$(hash_of "$line")" = "$(field historyHead "$statement")" ] ||',
  '    { echo "$1 was signed for another history"; exit 1; }',
  '  plan=$(field planDigest "$statement")',
  '  for file in plans/*"${plan#sha256:}"*; do [ -e "$file" ] || { echo "the plan of $1 is missing"; exit 1; }; done',
  '}',
]

function approvalSection(
  { approvalId, kind, statementText, signature }: RecordedApproval,
  usedSeq: number,
  usedAt: string,
  showsPages: boolean,
): string[] {
  const { machine, gate, approver, decision, seq } = parseStatement(statementText)
  const path = pathOfStatement(approvalId)
  const what = `Gate ${span(gate)}: ${decision} by ${span(approver)}, used in entry ${usedSeq} (${usedAt}), covers entries 1–${seq}.`
  if (kind === 'rehearsal')
    return [`${what} This is a rehearsal approval, which is not signed.`, shell(`arrived ${path}`)]
  const origin = showsPages && signature !== null ? readPageOrigin(signature) : null
  return [
    origin === null ? what : `${what} Signed by passkey on a page of ${span(origin)}.`,
    shell(
      `arrived ${path}`,
      verify('"$signers"', approver, namespaceOf(machine, gate), path, usedAt),
      ...(origin === null ? [] : [`page ${pathOfSignature(path)}`]),
    ),
  ]
}

/** Sets TZ=UTC, because OpenSSH reads a final Z only from version 9.1 on. */
function verify(signers: string, who: string, namespace: string, path: string, at: string) {
  const time = at.slice(0, 19).replace(/[-:T]/g, '')
  return [
    `TZ=UTC ssh-keygen -Y verify -f ${signers} -I ${shellQuote(who)} -n ${shellQuote(namespace)} -Overify-time=${time} \\`,
    `  -s ${shellQuote(pathOfSignature(path))} < ${shellQuote(path)}`,
  ].join('\n')
}

function closeoutSections({ instance, countersigned }: SignedCloseout): string[] {
  const { signer, at } = instance
  return [
    `## The end`,
    `\`${CLOSEOUT}\` is an in-toto Statement v1. It names the head of the history, the snapshot, all evidence and the approvals by ` +
      `digest. The instance of Cutter that ran the run signed it with the key in \`instance.pub\`. Ask the operator of that ` +
      `instance whether the key is theirs: \`ssh-keygen -l\` prints the fingerprint to compare.`,
    shell(
      `IFS= read -r closeout < ${CLOSEOUT} || :`,
      'case $closeout in',
      '  *"{\\"digest\\":{\\"sha256\\":\\"${previous#sha256:}\\"},\\"name\\":\\"history\\"}"*) ;;',
      '  *) echo "the closeout is of another history"; exit 1 ;;',
      'esac',
      'read -r type key signer < instance.pub',
      `printf '%s namespaces="${CLOSEOUT_NAMESPACE}" %s %s\\n' "$signer" "$type" "$key" > ../instance_signers`,
      'ssh-keygen -l -f instance.pub',
      verify('../instance_signers', signer, CLOSEOUT_NAMESPACE, CLOSEOUT, at),
    ),
    ...(countersigned.length === 0
      ? []
      : [
          `These people countersigned it, each with a statement that names \`${CLOSEOUT}\` by its digest:`,
          shell(...countersigning),
        ]),
    ...countersigned.map((one) => {
      const path = pathOfCountersignature(one.signer)
      const signed = verify('"$signers"', one.signer, CLOSEOUT_NAMESPACE, path, one.at)
      return shell(`countersigns ${shellQuote(path)}`, signed)
    }),
  ]
}

const countersigning = [
  'countersigns() {',
  '  IFS= read -r statement < "$1" || :',
  `  [ "$(field closeoutDigest "$statement")" = "$(digest < ${CLOSEOUT})" ] ||`,
  '    { echo "$1 is of another closeout"; exit 1; }',
  '}',
]

function missingCloseout({ run, history }: RunRecord): string[] {
  return run.status === 'closed'
    ? [
        `## The end`,
        `The run is closed, but its closeout is not signed. No signature covers its last entries.`,
      ]
    : [
        `## No end yet`,
        `The run was open at entry ${history.length} when it was exported. No signature covers the entries after the last approval, and ` +
          `nothing shows whether more entries followed.`,
      ]
}
