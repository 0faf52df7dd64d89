import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EXIT_FENCED, type HostCommand } from '../../../src/effects/deploy/host-session.ts'
import { removeOldReleases } from '../../../src/effects/deploy/old-releases.ts'
import { makeOutside, removeOutside } from '../../../src/effects/deploy/outside-folders.ts'
import { linkShared } from '../../../src/effects/deploy/shared-paths.ts'
import * as change from '../../../src/effects/deploy/switch-commands.ts'
import * as write from '../../../src/effects/deploy/write-commands.ts'
import { run, send } from './shell-host.ts'

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

const earlier = `${RUN}:9000001`
const later = `${RUN}:9000002`

/** Every script that enters the staging folder, in an order in which a deploy and a rollback could run them. */
const scripts: [string, () => HostCommand][] = [
  ['stage', () => write.stage(staging, RUN)],
  ['extract', () => write.extract(staging, RUN)],
  [
    'link-shared',
    () => linkShared({ checks: { shared: ['log'] }, place: { parent: folder, target, staging } }, RUN),
  ],
  ['skeleton', () => write.skeleton({ staging, run: RUN }, target, ['made'], {})],
  ['skeleton-outside', () => makeOutside({ staging, run: RUN }, outside())],
  ['check', () => change.runInTarget('check', staging, RUN, touches)],
  ['remove-old', () => removeOldReleases({ staging, parent: folder }, RUN, [])],
  ['rehearsal-tree', () => write.rehearsalTree(staging, RUN)],
  ['promote', () => change.promote(staging, RUN, place())],
  ['switch', () => change.switchOver(staging, RUN, place(), null, null)],
  ['activate', () => change.activate(staging, RUN, { target, argv: ['true'], timeoutSeconds: 5 })],
  ['switch-back', () => change.switchBack(staging, RUN, place(), null)],
  ['confirm', () => change.confirm(staging, RUN)],
  ['withdraw', () => change.withdrawTarget(staging, RUN, place())],
  ['remove-listed', () => write.removeListed(staging, RUN, target)],
  ['remove-outside', () => removeOutside(staging, RUN, outside())],
  ['discard', () => write.discard(staging, RUN)],
]

const touches = { target: '/', argv: ['sh', '-c', 'exit 0'], timeoutSeconds: 5 }

const outside = () => [{ path: join(folder, 'outside'), above: realpathSync(folder), state: 'made' as const }]

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
    expect(run(command(), earlier)).toBe(EXIT_FENCED)
    expect(listing()).toBe(before)
    expect(existsSync(target)).toBe(false)
  })

  test('keeps the highest token, and works again with an equal or a higher one', () => {
    for (const token of [earlier, earlier, later]) {
      expect(run(write.stage(staging, RUN), token)).toBe(0)
      expect(readFileSync(join(staging, 'token'), 'utf8').trim()).toBe(token)
    }
    expect(run(write.rehearsalTree(staging, RUN), `${RUN}:10000001`)).toBe(0)
    expect(run(change.promote(staging, RUN, place()), later)).toBe(EXIT_FENCED)
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
    expect(run(change.withdrawTarget(staging, RUN, place()), 'irb-2:3000001')).toBe(EXIT_FENCED)
    expect(run(write.stage(staging, RUN), 'irb-2:3000001')).toBe(0)
    expect(run(change.withdrawTarget(staging, RUN, place()), 'irb-2:3000001')).toBe(0)
    expect(run(change.promote(staging, RUN, place()), later)).toBe(EXIT_FENCED)
  })

  test('has an exit code of its own for each case', () => {
    const codes = [...Object.values(write.EXIT), EXIT_FENCED]
    expect(new Set(codes).size).toBe(codes.length)
  })
})

/** What a process asked for before, and what another one then did that closed the run. */
const endings: [string, () => void][] = [
  [
    'a deploy that succeeded or was taken back',
    () => {
      expect(run(write.stage(staging, RUN), later)).toBe(0)
      expect(run(write.discard(staging, RUN), later)).toBe(0)
    },
  ],
  ['a run that found nothing to remove', () => expect(run(write.discard(staging, RUN), later)).toBe(0)],
  [
    'a rollback by another run',
    () => {
      expect(run(write.stage(staging, RUN), 'irb-2:3000001')).toBe(0)
      expect(run(write.discard(staging, RUN), 'irb-2:3000001')).toBe(0)
    },
  ],
]

describe('a command that arrives when its run is closed', () => {
  test.each(endings)('does nothing after %s', (_, close) => {
    const asked = send(write.stage(staging, RUN), earlier)
    expect(asked.status).toBe(write.EXIT.unseen)
    close()
    mkdirSync(target)
    const before = listing()
    for (const [id, command] of scripts) {
      const { status } = send(command(), earlier, asked.stdout.trim())
      if (id === 'discard') expect(status).toBe(0)
      else expect([id, status]).toEqual([id, id === 'stage' ? write.EXIT.unseen : write.EXIT.notOurs])
    }
    expect(listing()).toBe(before)
  })

  test('does nothing in a staging folder that a late request made before the run was closed', () => {
    const asked = send(write.stage(staging, RUN), earlier)
    expect(run(write.stage(staging, RUN), later)).toBe(0)
    expect(send(write.stage(staging, RUN), earlier, asked.stdout.trim()).status).toBe(EXIT_FENCED)
  })

  test('makes the folder for the process whose turn it is, also while others make entries next to it', () => {
    const asked = send(write.stage(staging, RUN), earlier)
    mkdirSync(join(folder, 'by others'))
    const again = send(write.stage(staging, RUN), earlier, asked.stdout.trim())
    expect(again.status).toBe(write.EXIT.unseen)
    expect(send(write.stage(staging, RUN), earlier, again.stdout.trim()).status).toBe(0)
  })

  test('is not the watch for a confirmation either, when a rollback has made the folder again', async () => {
    const tree = () => readFileSync(join(target, 'DEPLOY-MANIFEST.txt'), 'utf8')
    expect(run(write.stage(staging, RUN), later)).toBe(0)
    expect(run(write.rehearsalTree(staging, RUN), later)).toBe(0)
    expect(run(change.promote(staging, RUN, place()), later)).toBe(0)
    expect(run(change.switchOver(staging, RUN, place(), 1, null), later)).toBe(0)
    expect(run(change.confirm(staging, RUN), later)).toBe(0)
    const deployed = tree()
    expect(run(write.discard(staging, RUN), later)).toBe(0)
    expect(run(write.stage(staging, RUN), 'irb-2:3000001')).toBe(0)
    const isWatched = () => spawnSync('pgrep', ['-f', `watch ${staging} `]).status === 0
    expect(isWatched()).toBe(true)
    await expect.poll(isWatched, { timeout: 20_000 }).toBe(false)
    expect(existsSync(join(staging, 'expired'))).toBe(false)
    expect(tree()).toBe(deployed)
  })
})
