import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { CutterHome } from '../support/cli.ts'
import { builtProgram, describeEnding, type Running, spawnProgram } from './spawn-program.ts'
import { waitUntilSuspended } from './suspended.ts'

/** Processes that a host suspends before or after one of their commands. `folder`: what host and test tell each other. */

/**
 * The script that the host runs instead of each command. before: the command arrives when its process was woken. after: it is done, and no client learns of it.
 */
export const suspendingHook = (folder: string) => `#!/bin/sh
when=; known=
[ ! -f ${folder}/strike ] || { read -r when; IFS= read -r known; } <${folder}/strike
case " $SSH_ORIGINAL_COMMAND" in *"$known"*) hit=$when ;; *) hit= ;; esac
[ -n "$when" ] && [ -n "$hit" ] || exec sh -c "$SSH_ORIGINAL_COMMAND"
mv ${folder}/strike ${folder}/struck
suspend() { kill -STOP "$(cat ${folder}/pid)"; }
case $hit in
  before) suspend; until [ -f ${folder}/woken ]; do sleep 0.1; done; exec sh -c "$SSH_ORIGINAL_COMMAND" ;;
  after) sh -c "$SSH_ORIGINAL_COMMAND"; code=$?; suspend; exit $code ;;
esac
`

/** Starts a command of Cutter, and waits until the host has suspended it at the command that holds `known`. */
export async function suspendAtCommand(
  at: CutterHome,
  folder: string,
  args: string[],
  { when, known }: { when: string; known: string },
): Promise<Running> {
  writeFileSync(join(folder, 'strike'), `${when}\n${known}\n`)
  const running = spawnProgram(at, builtProgram(at), args)
  writeFileSync(join(folder, 'pid'), String(running.process.pid))
  const ending = await waitUntilSuspended(running)
  if (ending !== null) throw new Error(`it should have stopped ${when}${known}: ${describeEnding(ending)}`)
  expect(existsSync(join(folder, 'struck'))).toBe(true)
  rmSync(join(folder, 'struck'))
  return running
}
