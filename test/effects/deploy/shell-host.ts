import { spawnSync } from 'node:child_process'
import type { HostCommand } from '../../../src/effects/deploy/host-session.ts'
import * as write from '../../../src/effects/deploy/write-commands.ts'

/** Runs the scripts of a deploy by a shell, as a host runs them. */

/** Runs a command once. `token`: that of the attempt that sends it. */
export function send({ argv }: HostCommand, token: string, seen = '') {
  const [program, ...args] = argv
  const env = { ...process.env, CUTTER_TOKEN: token, CUTTER_SEEN: seen }
  return spawnSync(program!, args, { env, encoding: 'utf8' })
}

/** As a deploy sends it: a staging folder is made in two requests. Returns the exit code. */
export function run(command: HostCommand, token: string): number | null {
  const { status, stdout } = send(command, token)
  return status === write.EXIT.unseen ? send(command, token, stdout.trim()).status : status
}
