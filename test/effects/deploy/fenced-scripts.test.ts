import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HostCommand } from '../../../src/effects/deploy/host-session.ts'
import * as change from '../../../src/effects/deploy/switch-commands.ts'
import * as write from '../../../src/effects/deploy/write-commands.ts'

/** The scripts of a deploy by a shell, as a host runs them, with tokens of several attempts. */

const RUN = 'idep-1'
let folder: string
let staging: string
let target: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cutter-fenced-'))
  staging = join(folder, 'staging')
  target = join(folder, 'target')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function run({ argv }: HostCommand, token: string): number | null {
  const [program, ...args] = argv
  return spawnSync(program!, args, { env: { ...process.env, CUTTER_TOKEN: token }, stdio: 'ignore' }).status
}

const earlier = `${RUN}:9000001`
const later = `${RUN}:9000002`

/** Every script that enters the staging folder, in an order in which a deploy and a rollback could run them. */
const scripts: [string, () => HostCommand][] = [
  ['stage', () => write.stage(staging, RUN)],
  ['extract', () => write.extract(staging, RUN)],
  ['rehearsal-tree', () => write.rehearsalTree(staging, RUN)],
  ['promote', () => change.promote(staging, RUN, place())],
  ['switch', () => change.switchOver(staging, RUN, place(), null, null)],
  ['activate', () => change.activate(staging, RUN, { target, argv: ['true'], timeoutSeconds: 5 })],
  ['switch-back', () => change.switchBack(staging, RUN, place(), null)],
  ['confirm', () => change.confirm(staging, RUN)],
  ['withdraw', () => change.withdrawTarget(staging, RUN, place())],
  ['remove-listed', () => write.removeListed(staging, RUN, target)],
  ['discard', () => write.discard(staging, RUN)],
]

const place = () => ({ target, pointer: null })

const listing = () =>
  existsSync(folder)
    ? execFileSync('find', ['.', '-printf', '%p %s %i\n'], { cwd: folder, encoding: 'utf8' })
    : ''

describe('a script of a deploy', () => {
  test('is in the list of this test, if it is fenced', () => {
    const made = scripts.map(([, command]) => command())
    expect(made.every(({ fenced }) => fenced)).toBe(true)
    expect(scripts.map(([id]) => id)).toEqual(made.map(({ id }) => id))
  })

  test.each(scripts)('%s does nothing with a lower token of its run', (_, command) => {
    expect(run(write.stage(staging, RUN), later)).toBe(0)
    expect(run(write.rehearsalTree(staging, RUN), later)).toBe(0)
    const before = listing()
    expect(run(command(), earlier)).toBe(80)
    expect(listing()).toBe(before)
    expect(existsSync(target)).toBe(false)
  })

  test('keeps the highest token, and works again with an equal or a higher one', () => {
    for (const token of [earlier, earlier, later]) {
      expect(run(write.stage(staging, RUN), token)).toBe(0)
      expect(readFileSync(join(staging, 'token'), 'utf8').trim()).toBe(token)
    }
    expect(run(write.rehearsalTree(staging, RUN), `${RUN}:10000001`)).toBe(0)
    expect(run(change.promote(staging, RUN, place()), later)).toBe(80)
    expect(run(change.promote(staging, RUN, place()), `${RUN}:10000001`)).toBe(0)
    expect(existsSync(join(target, 'DEPLOY-MANIFEST.txt'))).toBe(true)
  })

  test('takes a staging folder of an earlier version, which has no token', () => {
    mkdirSync(staging)
    writeFileSync(join(staging, 'run'), `${RUN}\n`)
    expect(run(write.rehearsalTree(staging, RUN), earlier)).toBe(0)
    expect(run(write.discard(staging, RUN), later)).toBe(0)
    expect(existsSync(staging)).toBe(false)
  })

  test('of a rollback takes the folder over by stage alone, and then refuses the deploy', () => {
    expect(run(write.stage(staging, RUN), later)).toBe(0)
    expect(run(change.withdrawTarget(staging, RUN, place()), 'irb-2:3000001')).toBe(80)
    expect(run(write.stage(staging, RUN), 'irb-2:3000001')).toBe(0)
    expect(run(change.withdrawTarget(staging, RUN, place()), 'irb-2:3000001')).toBe(0)
    expect(run(change.promote(staging, RUN, place()), later)).toBe(80)
  })
})
