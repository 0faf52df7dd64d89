// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are shell's, in a text for a shell.

import type { RecordedApproval, RunRecord, SignedCloseout } from '../run-record.ts'
import { CLOSEOUT_NAMESPACE, namespaceOf, readStatement, shellWord } from './facts.ts'
import { countedAt, passagesIn } from './gate-passages.ts'
import { CLOSEOUT, MANIFEST, pathOfCountersignature, pathOfSignature, pathOfStatement } from './paths.ts'

/**
 * `VERIFY.md`: how to check this very bundle with a POSIX shell, `ssh-keygen`, `tar` and `sha256sum`. Its commands stop at the
 * first thing that does not hold when they are run one after another under `sh -eu`; a test does that.
 */
export function verifyText(record: RunRecord): string {
  const { run, history, closeout } = record
  const end = run.status === 'closed' ? `closed as ${run.outcome}` : `open (${run.status})`
  return [
    `# How to check this bundle`,
    `Run ${run.runId} of machine ${run.machine} ${run.version}, ${run.mode}: ${end} in ${run.state}, at entry ${history.length}.`,
    `\`cutter verify <bundle> --signers <your allowed_signers>\` does all of this and more. The commands below need nothing but a POSIX shell, \`tar\`, \`sha256sum\` and \`ssh-keygen\` (OpenSSH 8.9 or newer). Trust comes from you: take \`allowed_signers\` and the instance's key from where you trust them, never from this bundle. What lies in \`trust/\` shows which files were in force then.`,
    `## Unpack`,
    shell(
      'bundle=../bundle.tar            # where the bundle lies',
      'signers=../allowed_signers      # your own, in the format of ssh-keygen(1), ALLOWED SIGNERS',
      'tar -xf "$bundle"',
    ),
    `## Every file is the one that the manifest names`,
    `What lies in \`evidence/\`, \`plans/\` and \`trust/\` bears its digest in its name; the entry that left it names it by that digest.`,
    shell(`sha256sum -c ${MANIFEST}`, ...contentAddressed),
    `## The history is one chain`,
    `Each line of \`history.jsonl\` is an entry in its RFC 8785 form. Its \`hash\` is the SHA-256 of the line without the field \`hash\`, its \`previousHash\` the hash of the line before; the first one's is the SHA-256 of \`genesis.json\`, the facts that the run began with. The last entry names the digest of \`snapshot.json\`.`,
    shell(...chain),
    ...approvalSections(record),
    ...(closeout === null ? noCloseout(record) : closeoutSections(closeout)),
    '',
  ].join('\n\n')
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
  const passages = passagesIn(record)
  if (passages.length === 0) return ['## No gate was passed']
  const sections = passages.flatMap((passage) =>
    countedAt(record, passage).flatMap((approval) =>
      approvalSection(approval, passage.usedSeq, record.history[passage.usedSeq - 1]!.at),
    ),
  )
  return [
    `## What was decided at its gates`,
    `Everybody who counts for a decision signed a statement, byte for byte. It names the plan by its digest and, as \`historyHead\`, the hash of the entry \`seq\` at which the run arrived at the gate: so the signature vouches for that entry and all before it. It is verified as of the time at which the run used it.`,
    shell(...arrived),
    ...sections,
  ]
}

/** Statements are flat and canonical: a field's text can't hold the pattern of another, since its quotes are escaped. */
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
  { approvalId, kind, statementText }: RecordedApproval,
  usedSeq: number,
  usedAt: string,
): string[] {
  const { machine, gate, approver, decision, seq } = readStatement(statementText)
  const path = pathOfStatement(approvalId)
  const what = `Entry ${usedSeq} (${usedAt}): ${decision} at gate ${gate}, for entries 1–${seq}.`
  if (kind === 'rehearsal')
    return [`${what} A rehearsal: a label, signed by nobody.`, shell(`arrived ${path}`)]
  return [
    what,
    shell(`arrived ${path}`, verify('"$signers"', approver, namespaceOf(machine, gate), path, usedAt)),
  ]
}

/** Times in UTC by TZ, since OpenSSH understands a final Z only from 9.1 on. */
function verify(signers: string, who: string, namespace: string, path: string, at: string) {
  const time = at.slice(0, 19).replace(/[-:T]/g, '')
  return [
    `TZ=UTC ssh-keygen -Y verify -f ${signers} -I ${shellWord(who)} -n ${shellWord(namespace)} -Overify-time=${time} \\`,
    `  -s ${shellWord(pathOfSignature(path))} < ${shellWord(path)}`,
  ].join('\n')
}

function closeoutSections({ instance, countersigned }: SignedCloseout): string[] {
  const { signer, at } = instance
  return [
    `## The end`,
    `\`${CLOSEOUT}\` is an in-toto Statement v1. It names the history's head, the snapshot, all evidence and the approvals by digest. The instance of Cutter that ran it signed it, with the key in \`instance.pub\`: whether that is the instance's key, its operator must tell you (\`ssh-keygen -l\` prints the fingerprint to compare).`,
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
          `People put their own names under it, each by a statement that names \`${CLOSEOUT}\` by its digest:`,
          shell(...countersigning),
        ]),
    ...countersigned.map((one) => {
      const path = pathOfCountersignature(one.signer)
      const signed = verify('"$signers"', one.signer, CLOSEOUT_NAMESPACE, path, one.at)
      return shell(`countersigns ${shellWord(path)}`, signed)
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

function noCloseout({ run, history }: RunRecord): string[] {
  return run.status === 'closed'
    ? [
        `## The end`,
        `The run is closed, but nobody has signed its closeout: nothing vouches for its last entries.`,
      ]
    : [
        `## No end yet`,
        `The run was open at entry ${history.length} when it was exported: nothing vouches for what follows the last approval, nor that nothing followed.`,
      ]
}
