import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Owner } from '../../src/domain/effect.ts'
import { openOwners } from '../../src/locks/owners.ts'
import { type BuiltProgram, buildProgram } from '../support/build-program.ts'
import { ANOTHER_CONTAINER, whyNoContainer } from '../support/namespaces.ts'

let program: BuiltProgram
let home: string
const started: ChildProcess[] = []

beforeAll(async () => {
  program = await buildProgram(join(import.meta.dirname, 'owner-program.ts'))
})
afterAll(() => program.remove())
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cutter-owners-'))
})
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  rmSync(home, { recursive: true, force: true })
})

/** Starts a process that owns something in the home. */
async function anOwner(
  within: string[] = [],
): Promise<{ owner: Owner & { id: string }; end(): Promise<void> }> {
  const [command = '', ...args] = [...within, process.execPath, program.file, home]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(child)
  const [line] = await once(child.stdout, 'data')
  const end = async () => {
    child.kill('SIGKILL')
    // The pipe closes when the last process that holds it has ended, within a container too.
    await once(child, 'close')
  }
  return { owner: JSON.parse(String(line)), end }
}

const ownersFolder = () => join(home, 'var', 'owners')

describe('owners of a home', () => {
  test('an owner lives until its process is killed, and needs no time to be seen as dead', async () => {
    const { owner, end } = await anOwner()
    const owners = openOwners(home)
    expect(owners.isAlive(owner.id)).toBe(true)
    await end()
    expect(existsSync(join(ownersFolder(), owner.id))).toBe(true)
    expect(owners.isAlive(owner.id)).toBe(false)
  })

  test('a process has one identity in a home, and is alive to itself', () => {
    const owners = openOwners(home)
    const self = owners.self()
    expect(self).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{16}(_\d+\.\d+){2}$/),
      host: expect.any(String),
      pid: process.pid,
    })
    expect(openOwners(home).self()).toBe(self)
    expect(owners.isAlive(self.id!)).toBe(true)
  })

  test('asking whether an owner lives makes no folder', () => {
    expect(openOwners(home).isAlive('0123456789abcdef_1.2_1.3')).toBe('unknown')
    expect(readdirSync(home)).toEqual([])
  })

  test.each(['', '123-4567', '0123456789abcdef', '../cutter.db'])(
    'nobody knows whether %j lives, which is no id of an owner',
    (id) => {
      expect(openOwners(home).isAlive(id)).toBe('unknown')
    },
  )

  test('a new owner removes the files of dead ones, and leaves those of living ones and of others', async () => {
    const [dead, living] = [await anOwner(), await anOwner()]
    await dead.end()
    writeFileSync(join(ownersFolder(), 'README'), 'kept')
    const self = openOwners(home).self()
    expect(readdirSync(ownersFolder()).sort()).toEqual([living.owner.id, self.id, 'README'].sort())
    expect(openOwners(home).isAlive(living.owner.id)).toBe(true)
  })

  test('a new owner removes the draft of a process that was killed before it named its file, and leaves a new one', () => {
    mkdirSync(ownersFolder(), { recursive: true })
    for (const [name, minutesAgo] of [
      ['new-left', 11],
      ['new-made', 0],
    ] as const) {
      writeFileSync(join(ownersFolder(), name), '')
      const at = Date.now() / 1_000 - minutesAgo * 60
      utimesSync(join(ownersFolder(), name), at, at)
    }
    const self = openOwners(home).self()
    expect(readdirSync(ownersFolder()).sort()).toEqual([self.id, 'new-made'].sort())
  })

  test.each(['alive', 'dead'])(
    'nobody knows in a copy of a home whether its %s owner lives',
    async (which) => {
      const { owner, end } = await anOwner()
      if (which === 'dead') await end()
      const copy = `${home}-copy`
      try {
        cpSync(home, copy, { recursive: true, preserveTimestamps: true })
        const owners = openOwners(copy)
        expect(owners.isAlive(owner.id)).toBe('unknown')
        owners.self()
        expect(owners.isAlive(owner.id)).toBe('unknown')
        rmSync(join(copy, 'var', 'owners', owner.id), { force: true })
        expect(owners.isAlive(owner.id)).toBe('unknown')
      } finally {
        rmSync(copy, { recursive: true, force: true })
      }
    },
  )

  test('nobody knows whether an owner lives whose file was replaced by a copy, also after another owner came', async () => {
    const { owner } = await anOwner()
    const file = join(ownersFolder(), owner.id)
    copyFileSync(file, `${file}-copy`)
    renameSync(`${file}-copy`, file)
    expect(openOwners(home).isAlive(owner.id)).toBe('unknown')
    openOwners(home).self()
    expect(openOwners(home).isAlive(owner.id)).toBe('unknown')
  })

  test('a dead owner is seen as dead after another owner removed its file', async () => {
    const { owner, end } = await anOwner()
    await end()
    openOwners(home).self()
    expect(existsSync(join(ownersFolder(), owner.id))).toBe(false)
    expect(openOwners(home).isAlive(owner.id)).toBe(false)
  })

  const why = whyNoContainer()
  test.skipIf(why !== null)(
    `an owner in another container is seen there and here${why === null ? '' : ` (skipped: ${why})`}`,
    async () => {
      const there = await anOwner(ANOTHER_CONTAINER)
      const self = openOwners(home).self()
      expect(openOwners(home).isAlive(there.owner.id)).toBe(true)
      const [command = '', ...args] = [...ANOTHER_CONTAINER, process.execPath, program.file, home, self.id!]
      expect(spawnSync(command, args, { encoding: 'utf8' }).stdout).toBe('true\n')
      await there.end()
      expect(openOwners(home).isAlive(there.owner.id)).toBe(false)
    },
  )
})
