import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../../src/locks/connect.ts'
import { type Answer, aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { charter, rehearseOn, started } from '../support/cli-steps.ts'

/**
 * Looking at runs while a disk is really full, and on a disk that is mounted for reading only. Each disk is a tmpfs that only the mount
 * namespace of the trial has.
 */

const OWN_MOUNTS = [
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
  ...['--mount', '--', process.execPath, '-e'],
]

/** Why no disk can be mounted here, or null. */
function whyNoDisk(): string | null {
  const trial = "require('child_process').execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', process.cwd()])"
  const { status, stderr, error } = spawnSync('unshare', [...OWN_MOUNTS, trial], { encoding: 'utf8' })
  return status === 0 ? null : (error?.message ?? stderr.trim().split('\n').at(-1)!)
}
const why = whyNoDisk()

/** Copies a home onto a disk, spoils the disk, and runs commands in the copy one after another. Prints their answers. */
const TRIAL = `
const { execFileSync, spawnSync } = require('node:child_process')
const { cpSync, readdirSync, statSync, statfsSync, writeSync, openSync, closeSync } = require('node:fs')
const { home, disk, kind, program, temporary, commands } = JSON.parse(process.argv[1])
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk])
if (temporary) execFileSync('mkdir', [disk + '/tmp'])
for (const name of ['var', 'cutter.yaml', 'small.md', 'bundle.tar'])
  cpSync(home + '/' + name, disk + '/' + name, { recursive: true, filter: (path) => !path.includes('/var/embedded/') })
if (kind === 'read-only') execFileSync('mount', ['-o', 'remount,ro', disk])
if (kind === 'full') {
  const file = openSync(disk + '/filling', 'w')
  try { for (;;) writeSync(file, Buffer.alloc(4096)) } catch (error) { if (error.code !== 'ENOSPC') throw error }
  closeSync(file)
}
const list = () => readdirSync(disk + '/var', { recursive: true }).sort().map((name) => {
  const stat = statSync(disk + '/var/' + name)
  return name + (stat.isFile() ? ' ' + stat.size : '')
})
const before = list()
const answers = commands.map((args) => {
  const env = { PATH: process.env.PATH, HOME: home, ...(temporary ? { TMPDIR: disk + '/tmp' } : {}) }
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: disk, env, encoding: 'utf8' })
  return { code: status, stdout, stderr }
})
const { bavail } = statfsSync(disk)
process.stdout.write(JSON.stringify({ answers, before, after: list(), bavail }))
`

interface Trial {
  answers: Answer[]
  before: string[]
  after: string[]
  bavail: number
}

let at: CutterHome
let holder: ReturnType<typeof connect> | null = null
/** Closed. */
let closed: string
/** Waits at SG1. */
let waiting: string

beforeAll(async () => {
  if (why !== null) return
  at = aCutterHome('caps: { runMinutes: 10 }\n')
  at.file('small.md', charter('One.'))
  closed = await started(at, { document: 'CLOSED', source: 'small.md' })
  await rehearseOn(at, closed)
  expect(jsonOf(await rehearseOn(at, closed)).outcome).toBe('succeeded')
  await at.cutter(['run', 'export', closed, '--out', 'bundle.tar'])
  // Another process that has the store open keeps its newest entries in the WAL.
  holder = connect(at.path('var/cutter.db'))
  holder.exec('begin; select count(*) from runs')
  waiting = await started(at, { document: 'WAITING', source: 'small.md' })
})
afterAll(() => at?.remove())

/** Commands that read, with the exit codes that answers have, and what must be in the answer. */
const READINGS = (): [string, string[], number[], string][] => [
  ['run list', ['run', 'list', '--json'], [0], waiting],
  ['run show', ['run', 'show', waiting, '--json'], [0], waiting],
  ['run show of a closed run', ['run', 'show', closed, '--json'], [0], closed],
  ['run history', ['run', 'history', waiting, '--verify', '--json'], [0], 'SOURCE_PINNED'],
  ['run explain', ['run', 'explain', waiting, '--json'], [0], waiting],
  ['run plan', ['run', 'plan', waiting], [0], '"document"'],
  ['run export', ['run', 'export', closed, '--out', '-'], [0], 'history'],
  ['verify', ['verify', 'bundle.tar', '--json'], [3], closed],
  ['approval list', ['approval', 'list', closed, '--json'], [0], closed],
  ['doctor', ['doctor', '--json'], [1], 'embedded PostgreSQL'],
]

function onDisk(kind: 'full' | 'read-only', { temporary, wal }: { temporary: boolean; wal: boolean }): Trial {
  const disk = at.path('disk')
  mkdirSync(disk, { recursive: true })
  if (!wal) {
    holder?.close()
    holder = null
  }
  expect(existsSync(at.path('var/cutter.db-wal'))).toBe(wal)
  const given = {
    ...{ home: at.home, disk, kind, temporary, program: at.path('.installed/dist/cutter.cjs') },
    commands: [
      ...READINGS().map(([, args]) => args),
      ['run', 'cancel', waiting, '--reason', 'tried', '--json'],
    ],
  }
  const { stdout, stderr } = spawnSync('unshare', [...OWN_MOUNTS, TRIAL, JSON.stringify(given)], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Trial
}

describe.skipIf(why !== null)(`looking at runs${why === null ? '' : ` (skipped: ${why})`}`, () => {
  test.each([
    ['on a full disk, with entries in the WAL alone,', 'full', { temporary: false, wal: true }],
    ['on a full disk that has the temporary files too', 'full', { temporary: true, wal: true }],
    [
      'on a disk mounted for reading only, with entries in the WAL alone,',
      'read-only',
      { temporary: false, wal: true },
    ],
    ['on a full disk', 'full', { temporary: false, wal: false }],
    ['on a disk mounted for reading only', 'read-only', { temporary: false, wal: false }],
  ] as const)('%s works, and a change is refused', { timeout: 120_000 }, (_, kind, how) => {
    const { answers, before, after, bavail } = onDisk(kind, how)
    if (kind === 'full') expect(bavail).toBe(0)
    const shown = READINGS().map(([name, , codes, text], index) => {
      const { code, stdout, stderr } = answers[index]!
      const isAnswer =
        codes.includes(code) && stdout.includes(text) && !/UNWRITABLE|ENOSPC|EROFS/.test(stderr)
      return isAnswer ? name : `${name}: ${code} ${stdout.slice(0, 500)} ${stderr}`
    })
    expect(shown).toEqual(READINGS().map(([name]) => name))
    const refused = answers.at(-1)!
    expect([refused.code, jsonOf(refused).error?.code]).toEqual([1, 'STORE_UNWRITABLE'])
    const isStore = (line: string) => kind === 'read-only' || line.startsWith('cutter.db ')
    expect(after.filter(isStore)).toEqual(before.filter(isStore))
  })
})
