/** What a code means, and what a person does next. Backquotes enclose commands, keys and file names. */
export interface CodeMeaning {
  meaning: string
  next: string
}

/**
 * Every stop code. A stop keeps an open run in its state. Once the cause is removed, `cutter run resume <run>` continues the run.
 * docs/stop-codes-and-refusals.md is generated from this list.
 */
export const STOP_CODES = {
  STOP_APPROVAL_REQUIRED: {
    meaning: 'The run waits at a gate. This is the normal pause, not a fault.',
    next: 'Read `cutter run plan <run> --format markdown`, then sign, then resume with the approval.',
  },
  STOP_REFUSED_INPUT: {
    meaning:
      'The input cannot be worked on: a document with problems, a wrong checks file, a value that seems to be a secret.',
    next: 'Follow the message: correct the file, or accept the problem by its code. Then resume, or start again.',
  },
  STOP_SOURCE_CHANGED: {
    meaning: 'A source that was read earlier in this run has other bytes now.',
    next: 'Restore the file, or cancel the run and start one with the new file.',
  },
  STOP_TARGET_UNREACHABLE: {
    meaning: 'The database cannot be reached, or the connection was lost.',
    next: 'Check server, network and the URL in the named variable. Then resume.',
  },
  STOP_TARGET_REFUSED: {
    meaning:
      'The server answered, but it is not a usable target: schema missing, privilege missing, or another server than expected.',
    next: 'Run `cutter target init` or `cutter target grants <target>`, as the message says.',
  },
  STOP_TARGET_LOCKED: {
    meaning: 'Another session holds a lock that the phase needs. Nothing was written.',
    next: 'Wait for the other session, or end it. Then resume.',
  },
  STOP_TARGET_READ_ONLY: {
    meaning:
      'The server takes no writes: it is a standby now, after a failover for example, or is set to read only.',
    next: 'Correct the URL or the server. Then resume.',
  },
  STOP_TARGET_CONFLICT: {
    meaning:
      'The server rolled the transaction back in favour of another one, by a deadlock or a serialization failure. Cutter tried several times.',
    next: 'Wait for the other sessions. Then resume.',
  },
  STOP_TARGET_EXHAUSTED: {
    meaning: 'The server has no disk, memory or other resource left for the statement. Nothing was written.',
    next: 'Free what the message names. Then resume.',
  },
  STOP_TARGET_CANCELLED: {
    meaning:
      'The server cancelled the statement or the transaction: by a timeout, or for somebody. Nothing was written.',
    next: 'Find out who cancels, or what makes the statement slow. Then resume.',
  },
  STOP_TARGET_FAULT: {
    meaning: 'The server has a fault of its own, such as an error of its disk. Nothing was written.',
    next: 'Read the log of the server and repair it. Then resume.',
  },
  STOP_GRANTS_MISMATCH: {
    meaning: 'The roles of the target may do more or less than they must. The probe changes no grant.',
    next: 'Compare with `cutter target grants <target>`, correct the grants, resume.',
  },
  STOP_PLAN_NOT_DETERMINISTIC: {
    meaning: 'Planning twice gave two different plans. This is a fault of the machine.',
    next: 'Report it with `cutter run export <run> --out run.tar`.',
  },
  STOP_UNITS_DIFFER: {
    meaning: 'The target holds units of this document that the cut can neither keep nor amend as they are.',
    next: 'Compare the named addresses in the target with the document.',
  },
  STOP_DRIFT: {
    meaning: 'The world no longer fits the approved plan. The differences are listed line by line.',
    next: 'Decide whether the change is right. Then resume: the run plans again and waits for a new approval.',
  },
  STOP_REHEARSAL_NOT_REPRESENTATIVE: {
    meaning:
      'The rehearsal database differs from the target in version, extensions, functions, triggers, constraints, indexes or grants. For a cut the message says what the target has more, or lacks.',
    next: 'Migration: configure a fitting rehearsal server (`rehearsalUrlEnv`). Cut: drop what the target has more, or run `cutter target init` for what it lacks.',
  },
  STOP_REHEARSAL_FAILED: {
    meaning: 'The rehearsal of the writes failed. The target was not written to.',
    next: 'Correct what the message names. Then resume.',
  },
  STOP_COUNTS_CHANGED_BY_OTHERS: {
    meaning: 'Row counts changed during a dry run, and Cutter has proof that its own sessions wrote nothing.',
    next: 'Find the other writer, or repeat the dry run when the target is quiet.',
  },
  STOP_MUTATION_DETECTED: {
    meaning: 'A session that may only read got a transaction id from the server, as a write would.',
    next: 'Look for a grant or a function that lets the reader write: `cutter target grants <target>`.',
  },
  STOP_VERIFICATION_FAILED: {
    meaning: 'The verifier found something other than planned.',
    next: 'Compare the named facts with the target. Nothing continues until they hold.',
  },
  STOP_EXECUTION_DISABLED: {
    meaning:
      'A live run was about to write, and live writes are off: by the config or by the execution switch.',
    next: 'Run `cutter execution enable --for 2h --reason "…"`, then resume.',
  },
  STOP_POLICY_DIFFERS: {
    meaning:
      'A live run was about to write, and this host has other signers, revoked keys or rules than those that were published for the store.',
    next: 'Give all hosts the same files, or publish those of this host: `cutter doctor` with the variable of `store.owner` set. Then resume.',
  },
  STOP_COMMITS_NOT_REPLICATED: {
    meaning:
      'A live run was about to write, and the server of the store acknowledges commits that no other server has.',
    next: 'Set `synchronous_standby_names` and `synchronous_commit` at the server, or `store: { commits: local }` on all hosts. Then resume.',
  },
  STOP_HOLD: {
    meaning: 'A hold is on. The run stopped before its next write.',
    next: 'Run `cutter hold off`, or `cutter hold release <run>` for this run alone. Then resume.',
  },
  STOP_CAP_UNITS: {
    meaning: 'The document has more units than `caps.units` allows.',
    next: 'Raise `caps.units` in `cutter.yaml`, or cut the document in parts.',
  },
  STOP_CAP_RUN_TIME: {
    meaning: 'The working time of the run reached `caps.runMinutes`.',
    next: 'Raise `caps.runMinutes` in `cutter.yaml`, then resume.',
  },
  STOP_CAP_PHASE_TIME: {
    meaning: 'The working time of a phase reached `caps.phaseMinutes`, and `caps.stopPhases` is on.',
    next: 'Find out what the phase waits for, or raise `caps.phaseMinutes`. Then resume.',
  },
  STOP_EFFECT_TIMEOUT: {
    meaning: 'An effect took longer than its own `timeoutSeconds`.',
    next: 'Find out what it waits for. Then resume. A write that was begun is probed before it is done.',
  },
  STOP_CAP_STEPS: {
    meaning:
      'The history of the run reached `caps.steps` entries. A chart that leads in a circle without a delay does so.',
    next: 'Correct the chart, or cancel the run. For a machine that needs more steps, raise `caps.steps` in `cutter.yaml`. Then resume.',
  },
  STOP_TOOL_MISSING: {
    meaning: 'A program is missing or too old, such as `pg_dump` or `pg_restore`.',
    next: 'Install it. `cutter doctor` shows what is missing.',
  },
  STOP_NO_SPACE: {
    meaning:
      'The computer on which Cutter runs has no room for files, or takes no writes there: in the home or in the temporary folder. A write that was begun is probed before it is done.',
    next: 'Free space, or make the folder writable. Then resume.',
  },
  STOP_BACKUP_FAILED: {
    meaning: 'The backup could not be taken, or the restored backup differs from the database.',
    next: 'Follow the message: disk space, privileges, tool versions. Then resume.',
  },
  STOP_BACKUP_STALE: {
    meaning: 'The backup is older than `backupMaxAgeMinutes` when the migration is about to run.',
    next: 'Resume: a new backup is taken, restored and compared first.',
  },
  STOP_MIGRATION_FAILED: {
    meaning: 'The server refused a statement of the script. The transaction was rolled back.',
    next: 'Correct the script, freeze it again, start a new run.',
  },
  STOP_RESULT_DIFFERS: {
    meaning: 'The migration changed more or less than the bundle expects. The transaction was rolled back.',
    next: 'Compare the listed differences with `expect` in `bundle.yaml`.',
  },
  STOP_OUTCOME_UNKNOWN: {
    meaning: 'Nobody can tell whether a write was committed. Cutter does not guess.',
    next: 'Look at the target. When the probe can answer again, resume: it writes only if the write is missing. If it will never answer, `cutter run abandon <run>`.',
  },
  STOP_WRITE_MISSING: {
    meaning:
      'A write was begun and is missing on the target. Cutter asked, because the run was being cancelled or a timer of its chart had ended, and did nothing.',
    next: 'Cancel the run, or resume: the resume does the write.',
  },
  STOP_FENCED: {
    meaning:
      'The target has seen a later attempt of the same run, from another process or a newer copy of the store. This attempt does not write.',
    next: 'Find the process or the store that continued the run. Work with that one.',
  },
  STOP_HOST_UNREACHABLE: {
    meaning: 'The host cannot be reached over SSH, or the connection was lost.',
    next: 'Check with `ssh <alias> true`. Then resume.',
  },
  STOP_HOST_KEY_UNKNOWN: {
    meaning: 'The host key is not in `known_hosts`. The message shows its fingerprint.',
    next: 'Compare the fingerprint with the host. Add the key to `known_hosts`. Then resume.',
  },
  STOP_HOST_KEY_CHANGED: {
    meaning: 'The host shows another key than `known_hosts` lists.',
    next: 'Treat it as an attack until its owner confirms the new key.',
  },
  STOP_HOST_REFUSED: {
    meaning: 'The host does not let the user in.',
    next: 'Check user, key and agent with `ssh <alias> true`. Then resume.',
  },
  STOP_HOST_COMMAND_FAILED: {
    meaning: 'A command on the host failed. The message shows its exit code and output.',
    next: 'Correct the cause on the host. Then resume.',
  },
  STOP_SOURCE_MISSING: {
    meaning: 'The repository or the commit to deploy is missing.',
    next: 'Fetch the commit, or name another one.',
  },
  STOP_ARTIFACT_UNCLEAN: {
    meaning: 'The artifact holds what seems to be a secret, a cache or `.git`.',
    next: 'Remove it from the commit, or list the path under `allow` in `checks.yaml` after someone has examined it.',
  },
  STOP_PREFLIGHT_FAILED: {
    meaning: 'A check before the plan failed: a tool, disk space, a path, or a condition of the migration.',
    next: 'Correct every listed finding. Then resume.',
  },
  STOP_TRANSFER_FAILED: {
    meaning: 'The artifact did not arrive with the right hash, or could not be promoted.',
    next: 'Check disk space and network. Then resume.',
  },
  STOP_CHECKS_FAILED: {
    meaning: 'A check failed after the promote, and the run was started with `--on-failure stop`.',
    next: 'Correct the cause and resume, or cancel the run, which rolls back.',
  },
  STOP_HOST_FAILED: {
    meaning:
      'A deploy to several hosts halted: its canary failed, or more hosts than `--max-failures` allows. The failed hosts were taken back, and nothing was done on those that wait.',
    next: 'Correct the cause and resume, which tries the failed hosts again. Or cancel the run, which takes all hosts back.',
  },
  STOP_NOT_CONFIRMED: {
    meaning: 'The host was not reached in time after the promote, so it went back by itself.',
    next: 'Check the network to the host. Start a new run.',
  },
  STOP_ROLLBACK_FAILED: {
    meaning: 'The rollback could not be done or could not be proven.',
    next: 'Compare the host with the plan. Then resume: it tries the rollback again.',
  },
  STOP_EFFECT_INVALID: {
    meaning:
      'An effect of a machine broke its contract: its result has a wrong shape, or it brought no plan for the gate ahead. The message names file, line and field.',
    next: 'Correct the machine. `docs/machines.md` has the contract. A write that was begun is probed before it is done.',
  },
  STOP_INTERNAL: {
    meaning: 'An unexpected error. If it happened in a write, the next resume probes before it writes.',
    next: 'Run again with `CUTTER_LOG=debug`. Resume, or report it with the exported run.',
  },
} as const satisfies { [code: `STOP_${string}`]: CodeMeaning }

/** Why an open run does not continue. The codes are stored in histories and evidence bundles, so they never change. */
export type StopCode = keyof typeof STOP_CODES
