import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findMismatch } from '../../../src/effects/deploy/checks-file.ts'
import type { HostSession } from '../../../src/effects/deploy/host-session.ts'
import { runDetached } from '../../../src/effects/deploy/run-detached.ts'
import { runInTarget } from '../../../src/effects/deploy/switch-commands.ts'
import * as write from '../../../src/effects/deploy/write-commands.ts'
import { run } from './shell-host.ts'

const RUN = 'idep-1'
const TOKEN = `${RUN}:9000001`
let folder: string
let staging: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cutter-detached-'))
  staging = join(folder, 'staging')
  mkdirSync(join(folder, 'target'))
  expect(run(write.stage(staging, RUN), TOKEN)).toBe(0)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs a line of the shell in a target by the script that a host gets. */
function runLine(line: string) {
  const session = {
    run: async (command: Parameters<HostSession['run']>[0]) => {
      const [program, ...args] = command.argv
      const env = { ...process.env, CUTTER_TOKEN: TOKEN }
      const { status, stdout, stderr } = spawnSync(program!, args, { env, maxBuffer: 64 * 1024 * 1024 })
      return { exitCode: status, signal: null, stdout, stderr, truncated: false, timedOut: false }
    },
  } as unknown as HostSession
  const argv = ['sh', '-c', line]
  const target = join(folder, 'target')
  return runDetached(
    session,
    runInTarget('check', staging, RUN, { target, argv, timeoutSeconds: 60 }),
    60_000,
  )
}

const filled = (bytes: number) => `head -c ${bytes} /dev/zero | tr '\\0' x; echo`

test('a text in the middle of an output of megabytes is found', async () => {
  const result = await runLine(`${filled(1_500_000)}; echo MARK; ${filled(1_500_000)}`)
  expect(findMismatch({ exit: 0, contains: 'MARK' }, result)).toBeNull()
  expect(result).toMatchObject({ exitCode: 0, truncated: false })
})

test('of a longer output the beginning and the end are kept, and a fault says so', async () => {
  const result = await runLine(
    `echo FIRST; ${filled(6_000_000)}; echo MARK; ${filled(6_000_000)}; echo LAST; exit 3`,
  )
  expect(result).toMatchObject({ exitCode: 3, truncated: true })
  expect(findMismatch({ exit: 3, contains: 'FIRST' }, result)).toBeNull()
  expect(findMismatch({ exit: 3, contains: 'LAST' }, result)).toBeNull()
  expect(findMismatch({ exit: 3, contains: 'MARK' }, result)).toBe(
    'did not print "MARK" in the beginning and the end of its output, which was too long',
  )
  expect(readdirSync(staging).filter((name) => /^(out|err)/.test(name))).toEqual([])
})
