import type { ErrorCode } from '../../src/domain/errors.ts'

import type { CodeMeaning } from '../../src/domain/stop-codes.ts'

/** How a command that did not happen answers. */
export const ERROR_MEANINGS: Record<ErrorCode, CodeMeaning> = {
  USAGE: { meaning: 'The command line is wrong.', next: 'See `--help` of the command.' },
  INPUT_REFUSED: { meaning: 'The input cannot be used as it is.', next: 'Follow the message.' },
  CONFIG_INVALID: {
    meaning: '`cutter.yaml` cannot be read or a value is wrong.',
    next: 'Correct the named key.',
  },
  RUN_NOT_FOUND: { meaning: 'No run has this id here.', next: 'Check `--home`, and `cutter run list`.' },
  APPROVAL_NOT_FOUND: { meaning: 'No approval has this id here.', next: '`cutter approval list`' },
  MACHINE_NOT_FOUND: { meaning: 'No machine has this name here.', next: '`cutter machine list`' },
  TARGET_NOT_FOUND: { meaning: 'No target has this name.', next: 'Add it to `cutter.yaml` under `targets`.' },
  KEY_REUSED: {
    meaning: 'The start key was used before with other input.',
    next: 'Use another key, or the same input.',
  },
  APPROVAL_REQUIRED: { meaning: 'The run waits at a gate.', next: 'Resume it with an approval.' },
  APPROVAL_REFUSED: {
    meaning: 'The gate refuses the approval. `reason` says why.',
    next: 'See the refusals below.',
  },
  RUN_HELD: { meaning: 'Another process works on the run now.', next: 'Wait for it, or look at its pid.' },
  ON_HOLD: { meaning: 'A hold is on.', next: '`cutter hold status`' },
  RUN_CLOSED: { meaning: 'The run is closed.', next: 'Start a new run.' },
  EVENT_REFUSED: { meaning: 'The run cannot do this in its state.', next: '`cutter run show <run>`' },
  MACHINE_CHANGED: {
    meaning: 'The run started under another definition of its machine, and no upgrade leads here.',
    next: '`cutter machine check`; install the old version, or cancel the run.',
  },
  LIVE_REFUSED: {
    meaning: 'Live runs are not allowed here or now.',
    next: 'Set `execution.allowLive`, and `cutter execution enable`.',
  },
  HOST_UNSUITABLE: {
    meaning:
      'Hosts share the store, and this one lacks a target, a host, a file or the home that the run needs. The run was left as it is.',
    next: 'Continue the run on the host that the message names.',
  },
  FILES_UNSAFE: {
    meaning: 'Others could have written a file that decides, or own the `cutter.yaml` that was found.',
    next: 'Run the `chmod` or `chown` that the message names, or name the home.',
  },
  TOKEN_REFUSED: {
    meaning: 'The service got no token, or one that is unknown, revoked or expired.',
    next: '`cutter token create`; send it as `Authorization: Bearer <token>`.',
  },
  ACCESS_REFUSED: {
    meaning: 'The role or the scope of the token does not include this.',
    next: 'Ask somebody whose token does. `cutter token list` shows roles.',
  },
  TOKEN_NOT_FOUND: { meaning: 'No token has this id or name here.', next: '`cutter token list`' },
  SERVICE_RUNNING: {
    meaning: 'Another service serves this home.',
    next: 'Use that one, or end it first.',
  },
  SERVICE_ENDING: {
    meaning: 'The service was asked to end while the run worked. The run keeps each step that it saved.',
    next: 'Ask again with the same start key once a service runs, or resume the run.',
  },
  OPERATOR_REFUSED: {
    meaning: 'The user of the process is not the operator it claims to be, or is not an operator.',
    next: 'Compare with `operators` in `cutter.yaml`.',
  },
  TARGET_UNREACHABLE: { meaning: 'The database cannot be reached.', next: 'Check server and URL.' },
  TARGET_REFUSED: { meaning: 'The server answers, but not as a usable target.', next: 'Follow the message.' },
  HOST_UNREACHABLE: { meaning: 'The connection to the host was lost.', next: '`ssh <alias> true`' },
  HOST_COMMAND_FAILED: { meaning: 'A command on the host failed.', next: 'Follow the message.' },
  TOOL_MISSING: { meaning: 'A program that is needed is missing.', next: '`cutter doctor`' },
  STORE_NEWER: { meaning: 'A newer Cutter wrote the store.', next: 'Install that version.' },
  STORE_CORRUPT: { meaning: 'The store cannot be read.', next: 'Restore a backup; keep the broken file.' },
  STORE_UNWRITABLE: { meaning: 'The store cannot be written.', next: 'Check disk space and permissions.' },
  STORE_TAMPERED: {
    meaning: 'A run in the store does not fit its own hashes, or is older than its reports.',
    next: 'Do not resume it. Compare with an exported evidence bundle or a backup.',
  },
  STORE_CONFLICT: { meaning: 'Another process saved a step first.', next: 'Run the command again.' },
  INTERNAL: { meaning: 'An error inside Cutter.', next: 'Run again with `CUTTER_LOG=debug`.' },
}
