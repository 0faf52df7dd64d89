import type { RefusalReason } from '../../src/approvals/refusal.ts'
import type { ErrorCode } from '../../src/domain/errors.ts'
import type { StopCode } from '../../src/domain/stop-codes.ts'

/** What a code means, and what a person does about it. The compiler holds each list complete. */
export interface Meaning {
  means: string
  next: string
}

/** Why a run that is not closed does not continue. After the cause is removed, `cutter run resume <run>` continues it. */
export const STOP_MEANINGS: Record<StopCode, Meaning> = {
  STOP_APPROVAL_REQUIRED: {
    means: 'The run waits at a gate. This is the normal pause, not a fault.',
    next: 'Read `cutter run plan <run> --format markdown`, then sign, then resume with the approval.',
  },
  STOP_REFUSED_INPUT: {
    means:
      'The input cannot be worked on: a document with problems, a wrong checks file, a value that seems to be a secret.',
    next: 'Follow the message: correct the file, or accept the problem by its code. Then resume, or start again.',
  },
  STOP_SOURCE_CHANGED: {
    means: 'A source that was read earlier in this run has other bytes now.',
    next: 'Restore the file, or cancel the run and start one with the new file.',
  },
  STOP_TARGET_UNREACHABLE: {
    means: 'The database cannot be reached, or the connection was lost.',
    next: 'Check server, network and the URL in the named variable. Then resume.',
  },
  STOP_TARGET_REFUSED: {
    means:
      'The server answered, but it is not a usable target: schema missing, privilege missing, or another server than expected.',
    next: 'Run `cutter target init` or `cutter target grants <target>`, as the message says.',
  },
  STOP_TARGET_LOCKED: {
    means: 'Another session holds a lock that the phase needs. Nothing was written.',
    next: 'Wait for the other session, or end it. Then resume.',
  },
  STOP_GRANTS_MISMATCH: {
    means: 'The roles of the target may do more or less than they must. The probe changes no grant.',
    next: 'Compare with `cutter target grants <target>`, correct the grants, resume.',
  },
  STOP_PLAN_NOT_DETERMINISTIC: {
    means: 'Planning twice gave two different plans. This is a fault of the machine.',
    next: 'Report it with `cutter run export <run> --out run.tar`.',
  },
  STOP_UNITS_DIFFER: {
    means: 'The target holds units of this document that the cut can neither keep nor amend as they are.',
    next: 'Compare the named addresses in the target with the document.',
  },
  STOP_DRIFT: {
    means: 'The world no longer fits the approved plan. The differences are listed line by line.',
    next: 'Decide whether the change is right. Then resume: the run plans again and waits for a new approval.',
  },
  STOP_REHEARSAL_NOT_REPRESENTATIVE: {
    means:
      'The rehearsal database differs from the target in version, extensions, functions, triggers, constraints or grants.',
    next: 'Configure a fitting rehearsal server (`rehearsalUrlEnv`), or run `cutter target init` again.',
  },
  STOP_REHEARSAL_FAILED: {
    means: 'The rehearsal of the writes failed. The target was not written to.',
    next: 'Correct what the message names. Then resume.',
  },
  STOP_COUNTS_CHANGED_BY_OTHERS: {
    means: 'Row counts changed during a dry run, and Cutter has proof that its own sessions wrote nothing.',
    next: 'Find the other writer, or repeat the dry run when the target is quiet.',
  },
  STOP_MUTATION_DETECTED: {
    means: 'A session that may only read got a transaction id from the server, as a write would.',
    next: 'Look for a grant or a function that lets the reader write: `cutter target grants <target>`.',
  },
  STOP_VERIFICATION_FAILED: {
    means: 'The verifier found something other than planned.',
    next: 'Compare the named facts with the target. Nothing continues until they hold.',
  },
  STOP_EXECUTION_DISABLED: {
    means:
      'A live run was about to write, and live writes are off: by the config or by the execution switch.',
    next: 'Run `cutter execution enable --for 2h --reason "…"`, then resume.',
  },
  STOP_HOLD: {
    means: 'A hold is on. The run stopped before its next write.',
    next: 'Run `cutter hold off`, or `cutter hold release <run>` for this run alone. Then resume.',
  },
  STOP_CAP_UNITS: {
    means: 'The document has more units than `caps.units` allows.',
    next: 'Raise `caps.units` in `cutter.yaml`, or cut the document in parts.',
  },
  STOP_CAP_RUN_TIME: {
    means: 'The working time of the run reached `caps.runMinutes`.',
    next: 'Raise `caps.runMinutes` in `cutter.yaml`, then resume.',
  },
  STOP_TOOL_MISSING: {
    means: 'A program is missing or too old, such as `pg_dump` or `pg_restore`.',
    next: 'Install it. `cutter doctor` shows what is missing.',
  },
  STOP_BACKUP_FAILED: {
    means: 'The backup could not be taken, or the restored backup differs from the database.',
    next: 'Follow the message: disk space, privileges, tool versions. Then resume.',
  },
  STOP_BACKUP_STALE: {
    means: 'The backup is older than `backupMaxAgeMinutes` when the migration is about to run.',
    next: 'Resume: a new backup is taken, restored and compared first.',
  },
  STOP_MIGRATION_FAILED: {
    means: 'The server refused a statement of the script. The transaction was rolled back.',
    next: 'Correct the script, freeze it again, start a new run.',
  },
  STOP_RESULT_DIFFERS: {
    means: 'The migration changed more or less than the bundle expects. The transaction was rolled back.',
    next: 'Compare the listed differences with `expect` in `bundle.yaml`.',
  },
  STOP_OUTCOME_UNKNOWN: {
    means: 'Nobody can tell whether a write was committed. Cutter does not guess.',
    next: 'Look at the target. When the probe can answer again, resume: it writes only if the write is missing.',
  },
  STOP_HOST_UNREACHABLE: {
    means: 'The host cannot be reached over SSH, or the connection was lost.',
    next: 'Check with `ssh <alias> true`. Then resume.',
  },
  STOP_HOST_KEY_UNKNOWN: {
    means: 'The host key is not in `known_hosts`. The message shows its fingerprint.',
    next: 'Compare the fingerprint with the host. Add the key to `known_hosts`. Then resume.',
  },
  STOP_HOST_KEY_CHANGED: {
    means: 'The host shows another key than `known_hosts` lists.',
    next: 'Treat it as an attack until its owner confirms the new key.',
  },
  STOP_HOST_REFUSED: {
    means: 'The host does not let the user in.',
    next: 'Check user, key and agent with `ssh <alias> true`. Then resume.',
  },
  STOP_HOST_COMMAND_FAILED: {
    means: 'A command on the host failed. The message shows its exit code and output.',
    next: 'Correct the cause on the host. Then resume.',
  },
  STOP_SOURCE_MISSING: {
    means: 'The repository or the commit to deploy is missing.',
    next: 'Fetch the commit, or name another one.',
  },
  STOP_ARTIFACT_UNCLEAN: {
    means: 'The artifact holds what seems to be a secret, a cache or `.git`.',
    next: 'Remove it from the commit, or list the path under `allow` in `checks.yaml` after someone has examined it.',
  },
  STOP_PREFLIGHT_FAILED: {
    means: 'A check before the plan failed: a tool, disk space, a path, or a condition of the migration.',
    next: 'Correct every listed finding. Then resume.',
  },
  STOP_TRANSFER_FAILED: {
    means: 'The artifact did not arrive with the right hash, or could not be promoted.',
    next: 'Check disk space and network. Then resume.',
  },
  STOP_CHECKS_FAILED: {
    means: 'A check failed after the promote, and the run was started with `--on-failure stop`.',
    next: 'Correct the cause and resume, or cancel the run, which rolls back.',
  },
  STOP_NOT_CONFIRMED: {
    means: 'The host was not reached in time after the promote, so it went back by itself.',
    next: 'Check the network to the host. Start a new run.',
  },
  STOP_ROLLBACK_FAILED: {
    means: 'The rollback could not be done or could not be proven.',
    next: 'Compare the host with the plan. Then resume: it tries the rollback again.',
  },
  STOP_INTERNAL: {
    means: 'An unexpected error. If it happened in a write, the next resume probes before it writes.',
    next: 'Run again with `CUTTER_LOG=debug`. Resume, or report it with the exported run.',
  },
}

/** Why a gate refuses an approval, in the order in which the checks are done. */
export const REFUSAL_MEANINGS: Record<Exclude<RefusalReason, 'RUN_HELD'> | MissingReason, Meaning> = {
  APPROVAL_UNKNOWN: {
    means: 'There is no approval with this id here.',
    next: 'List them with `cutter approval list`, or import the signed statement.',
  },
  RUN_CLOSED: { means: 'The run is closed.', next: 'Start a new run.' },
  NOT_AT_A_GATE: {
    means: 'The run waits at no gate now.',
    next: 'Look at it with `cutter run show <run>`. Resume it without an approval if it stopped.',
  },
  ALREADY_USED: { means: 'The approval was used. It counts once.', next: 'Sign again.' },
  OTHER_RUN: {
    means: 'The statement names another run, machine or version.',
    next: 'Sign a statement of this run.',
  },
  OTHER_GATE: { means: 'The statement names another gate.', next: 'Sign a statement of this gate.' },
  OTHER_ARRIVAL: {
    means: 'The run came to the gate again after this statement was made.',
    next: 'Read the plan of today, then sign again.',
  },
  OTHER_PLAN: {
    means: 'The statement names another plan.',
    next: 'Read the plan of today, then sign again.',
  },
  REHEARSAL_IN_LIVE: {
    means: 'A rehearsal approval came to a live run.',
    next: 'Sign with `cutter approval sign`.',
  },
  REVIEW_MISSING: {
    means: 'The gate asks for a review decision, and the statement names none.',
    next: 'Compose the statement with `cutter approval statement` or `cutter approval sign`.',
  },
  REVIEW_USED: {
    means: 'The review decision belongs to another decision.',
    next: 'Compose the statement again.',
  },
  FILES_UNSAFE: {
    means:
      'Others could have written a file that decides: `allowed_signers`, revoked keys, `cutter.yaml`, the store, or the module.',
    next: 'Run the `chmod` or `chown` that the message names.',
  },
  SIGNATURE_INVALID: {
    means: 'The signature does not match the statement and its namespace.',
    next: 'Sign the exact bytes that `cutter approval statement` printed.',
  },
  SIGNER_NOT_ALLOWED: {
    means: '`allowed_signers` or the policy of the gate does not admit this approver.',
    next: 'Have a listed approver sign, or have the owner of `allowed_signers` add the key.',
  },
  WILDCARD_PRINCIPAL: {
    means: '`allowed_signers` lists the approver by a pattern only. A live run must know who signed.',
    next: 'Have the owner of the file add a line with the exact name.',
  },
  KEY_REVOKED: { means: 'The key is in the file of revoked keys.', next: 'Sign with another key.' },
  SIGNER_NOT_VALID_THEN: {
    means: 'The line in `allowed_signers` was not valid at this time (`valid-after`, `valid-before`).',
    next: 'Have the owner of the file extend the line, or have someone else sign.',
  },
  NOT_YET_VALID: {
    means: 'The statement is issued in the future.',
    next: 'Set the clock right, sign again.',
  },
  EXPIRED: { means: 'The approval is too old.', next: 'Read the plan, sign again.' },
  OPERATORS_OWN: {
    means: 'The approver started or moved this run, or shares a key or name with someone who did.',
    next: 'Have someone else sign.',
  },
  SUPERSEDED: {
    means: 'The same person decided otherwise later. The later decision counts.',
    next: 'Bring the later approval, or have the person sign again.',
  },
  NOT_ENOUGH_APPROVERS: {
    means: 'The approval is good, but the policy asks for more people.',
    next: 'Have another approver sign. Then bring either approval.',
  },
  DRIFT: {
    means: 'The world no longer fits the approved plan. The approval was not used.',
    next: 'Read the listed differences and the new plan. Sign again if the plan is right.',
  },
  WORLD_NOT_CHECKED: {
    means: 'The last check of the world could not be done. The approval was not used.',
    next: 'Correct the cause, then resume with the same approval.',
  },
}

type MissingReason = 'REVIEW_MISSING' | 'REVIEW_USED' | 'DRIFT' | 'WORLD_NOT_CHECKED'

/** How a command that did not happen answers. */
export const ERROR_MEANINGS: Record<ErrorCode, Meaning> = {
  USAGE: { means: 'The command line is wrong.', next: 'See `--help` of the command.' },
  INPUT_REFUSED: { means: 'The input cannot be used as it is.', next: 'Follow the message.' },
  CONFIG_INVALID: {
    means: '`cutter.yaml` cannot be read or a value is wrong.',
    next: 'Correct the named key.',
  },
  RUN_NOT_FOUND: { means: 'No run has this id here.', next: 'Check `--home`, and `cutter run list`.' },
  APPROVAL_NOT_FOUND: { means: 'No approval has this id here.', next: '`cutter approval list`' },
  MACHINE_NOT_FOUND: { means: 'No machine has this name here.', next: '`cutter machine list`' },
  TARGET_NOT_FOUND: { means: 'No target has this name.', next: 'Add it to `cutter.yaml` under `targets`.' },
  KEY_REUSED: {
    means: 'The start key was used before with other input.',
    next: 'Use another key, or the same input.',
  },
  APPROVAL_REQUIRED: { means: 'The run waits at a gate.', next: 'Resume it with an approval.' },
  APPROVAL_REFUSED: {
    means: 'The gate refuses the approval. `reason` says why.',
    next: 'See the refusals below.',
  },
  RUN_HELD: { means: 'Another process works on the run now.', next: 'Wait for it, or look at its pid.' },
  ON_HOLD: { means: 'A hold is on.', next: '`cutter hold status`' },
  RUN_CLOSED: { means: 'The run is closed.', next: 'Start a new run.' },
  EVENT_REFUSED: { means: 'The run cannot do this in its state.', next: '`cutter run show <run>`' },
  MACHINE_CHANGED: {
    means: 'The run started under another definition of its machine, and no upgrade leads here.',
    next: '`cutter machine check`; install the old version, or cancel the run.',
  },
  LIVE_REFUSED: {
    means: 'Live runs are not allowed here or now.',
    next: 'Set `execution.allowLive`, and `cutter execution enable`.',
  },
  FILES_UNSAFE: {
    means: 'Others could have written a file that decides in a live run.',
    next: 'Run the `chmod` or `chown` that the message names.',
  },
  OPERATOR_REFUSED: {
    means: 'The user of the process is not the operator it claims to be, or is not an operator.',
    next: 'Compare with `operators` in `cutter.yaml`.',
  },
  TARGET_UNREACHABLE: { means: 'The database cannot be reached.', next: 'Check server and URL.' },
  TARGET_REFUSED: { means: 'The server answers, but not as a usable target.', next: 'Follow the message.' },
  HOST_UNREACHABLE: { means: 'The connection to the host was lost.', next: '`ssh <alias> true`' },
  HOST_COMMAND_FAILED: { means: 'A command on the host failed.', next: 'Follow the message.' },
  TOOL_MISSING: { means: 'A program that is needed is missing.', next: '`cutter doctor`' },
  STORE_NEWER: { means: 'A newer Cutter wrote the store.', next: 'Install that version.' },
  STORE_CORRUPT: { means: 'The store cannot be read.', next: 'Restore a backup; keep the broken file.' },
  STORE_UNWRITABLE: { means: 'The store cannot be written.', next: 'Check disk space and permissions.' },
  STORE_TAMPERED: {
    means: 'A run in the store does not fit its own hashes, or is older than its reports.',
    next: 'Do not resume it. Compare with an exported evidence bundle or a backup.',
  },
  STORE_CONFLICT: { means: 'Another process saved a step first.', next: 'Run the command again.' },
  INTERNAL: { means: 'An error inside Cutter.', next: 'Run again with `CUTTER_LOG=debug`.' },
}
