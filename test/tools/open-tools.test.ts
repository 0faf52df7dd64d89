import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { askToolVersion, identifyTool } from '../../src/tools/identify-tool.ts'
import { filesOfTool, openTools, type ToolName, type ToolSettings } from '../../src/tools/open-tools.ts'
import { TRUSTED_FOLDERS } from '../../src/tools/trusted-folders.ts'
import { withEnv } from '../support/ssh-keys.ts'

const folder = mkdtempSync(join(tmpdir(), 'cutter-tools-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A program in the test's own folder, which no trusted folder has. */
function program(name: string, mode = 0o755): string {
  const file = join(folder, name)
  writeFileSync(file, '#!/bin/sh\necho "version 1"\n')
  chmodSync(file, mode)
  return file
}

const pgDump = program('pg_dump')
const pgDump16 = program('pg_dump16')
const wrapper = program('wrapper')

interface Case {
  name: string
  tool: ToolName
  settings: ToolSettings
  serverMajor?: number
  command: string[] | null
}

const BY_MAJOR = { pgDump: { 14: pgDump, 16: [wrapper, 'exec', 'db'] } }
const CASES: Case[] = [
  {
    name: 'a path that cutter.yaml names',
    tool: 'pgDump',
    settings: { pgDump: pgDump16 },
    command: [pgDump16],
  },
  {
    name: 'a command with its first arguments',
    tool: 'pgDump',
    settings: { pgDump: [wrapper, 'exec', '-i', 'db', 'pg_dump'] },
    command: [wrapper, 'exec', '-i', 'db', 'pg_dump'],
  },
  { name: 'the exact major version', tool: 'pgDump', settings: BY_MAJOR, serverMajor: 14, command: [pgDump] },
  {
    name: 'the next newer major version',
    tool: 'pgDump',
    settings: BY_MAJOR,
    serverMajor: 15,
    command: [wrapper, 'exec', 'db'],
  },
  { name: 'no older version', tool: 'pgDump', settings: BY_MAJOR, serverMajor: 17, command: null },
  {
    name: 'no file that is missing',
    tool: 'git',
    settings: { git: join(folder, 'nothing') },
    command: null,
  },
  { name: 'no folder', tool: 'git', settings: { git: folder }, command: null },
  {
    name: 'no file without the right to execute it',
    tool: 'git',
    settings: { git: program('plain', 0o644) },
    command: null,
  },
  {
    name: 'no name that only the working folder or PATH has',
    tool: 'pgRestore',
    settings: { pgRestore: ['wrapper', 'pg_restore'] },
    command: null,
  },
]

describe('openTools', () => {
  test.each(CASES)('finds $name', ({ tool, settings, serverMajor, command }) => {
    const found = openTools(settings).find(tool, serverMajor)
    expect(found === null ? null : [found.file, ...found.args]).toEqual(command)
  })

  test.each(CASES.filter(({ command }) => command === null))(
    'says why it finds $name, and which key to correct',
    ({ tool, settings, serverMajor }) => {
      const { why, next } = openTools(settings).describeMissing(tool, serverMajor)
      expect(why).toContain(`tools.${tool}`)
      expect(next).toContain(`tools.${tool}`)
    },
  )

  test.each<ToolName>(['sshKeygen', 'ssh', 'git', 'pgDump', 'pgRestore', 'squawk'])(
    'does not take %s from PATH',
    async (tool) => {
      for (const name of ['ssh-keygen', 'ssh', 'git', 'pg_dump', 'pg_restore', 'squawk']) program(name)
      const found = await withEnv({ PATH: `${folder}:${process.env.PATH}` }, async () =>
        openTools({}).find(tool),
      )
      const packaged = resolve(`node_modules/@squawk-cli/${process.platform}-${process.arch}/bin`)
      const allowed = [...TRUSTED_FOLDERS, null, ...(tool === 'squawk' ? [packaged] : [])]
      expect(allowed).toContain(found === null ? null : found.file.replace(/\/[^/]+$/, ''))
    },
  )

  test('finds a tool of a trusted folder also when PATH is empty', async () => {
    const found = await withEnv({ PATH: '' }, async () => openTools({}).find('git'))
    expect(found?.file).toMatch(/^\/.*\/git$/)
  })
})

describe('a tool', () => {
  test('is identified by the file that a link leads to, and by its digest', async () => {
    const link = join(folder, 'linked')
    symlinkSync(wrapper, link)
    const tool = openTools({ git: link }).find('git')!
    const first = await identifyTool(tool)
    expect(first).toMatchObject({ command: [link], realPath: wrapper })
    writeFileSync(wrapper, '#!/bin/sh\necho "version 2"\n')
    expect((await identifyTool(tool)).digest).not.toBe(first.digest)
    expect(await askToolVersion(tool)).toEqual({ version: 'version 2' })
  })

  test('that fails has no version, but a message', async () => {
    const failing = join(folder, 'failing')
    writeFileSync(failing, '#!/bin/sh\necho "libpq.so.5: not found" >&2\nexit 127\n', { mode: 0o755 })
    const tool = openTools({ pgDump: failing }).find('pgDump')!
    expect(await askToolVersion(tool)).toEqual({ failed: 'libpq.so.5: not found' })
  })

  test('is decided by its program and by every file that its first arguments name', () => {
    const settings = { pgDump: [wrapper, 'exec', '/etc/hosts'] }
    expect(filesOfTool(openTools(settings).find('pgDump')!)).toEqual([wrapper, '/etc/hosts'])
  })
})
