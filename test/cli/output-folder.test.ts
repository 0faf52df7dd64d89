import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openHome } from '../../src/app/open-home.ts'
import { MACHINE_NAMES } from '../../src/builtin/registry.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { defineStartFlags } from '../../src/cli/run/input-flags.ts'
import { scaffoldMigrationBundle } from '../../src/migration/scaffold-migration-bundle.ts'
import { PATH_FIELDS } from '../../src/service/access/input-files.ts'
import { findStartMachine } from '../../src/service/runs/start-machine.ts'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf } from '../support/cli.ts'
import { charter, rehearseOn } from '../support/cli-steps.ts'

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
const STRICT = 'approvals: { strict: owner }\n'
const CONFIG = `${STRICT}output: ./out\nmachines: { rotate-keys: ./mine/rotate-keys.ts }\n`

/** How each command that writes for its caller is called, with the path that it writes. A folder is made; a file is new. */
const WRITERS: { [slot: string]: (path: string) => string[] } = {
  'document export --out <file>': (path) => [
    ...['document', 'export', 'small.md', '--format', 'markdown', '--out', path],
  ],
  'machine new <name>': (path) => ['machine', 'new', path],
  'migrate new <folder>': (path) => ['migrate', 'new', path],
  'migrate import --into <folder>': (path) => ['migrate', 'import', 'series', '--into', path],
  'migrate merge --into <folder>': (path) => ['migrate', 'merge', 'reviews', '--into', path],
  'run export --out <file>': (path) => ['run', 'export', 'rotate', '--out', path],
  'run report --out <file>': (path) => ['run', 'report', 'rotate', '--html', '--out', path],
  'store backup --out <file>': (path) => ['store', 'backup', '--out', path],
  'store prune --into <folder>': (path) => ['store', 'prune', '--older-than', '1s', '--into', path],
}

/** The other options and arguments that name a path: it is read, or is the home. */
const READERS = [
  'cutter --home <folder>',
  'run abandon --key <file>',
  'run void --key <file>',
  'run review --key <file>',
  'machine check [file]',
  'machine graph <machine>',
  'machine test <file>',
  'machine test --trial <file>',
  'approval sign --key <file>',
  'approval countersign --statement <file>',
  'approval countersign --signature <file>',
  'approval import --statement <file>',
  'approval import --signature <file>',
  'approval countersign --key <file>',
  'document scan <file>',
  'document diff <old>',
  'document diff <new>',
  'document export [file]',
  'batch start <folder>',
  'batch resume --approvals <file>',
  'migrate import <folder>',
  'migrate merge <folder>',
  'migrate lint <folder>',
  'migrate status [folder]',
  // Its bundle.yaml is written too: see below.
  'migrate propose <folder>',
  'store restore <file>',
  'verify <bundle>',
  'verify --revoked <file>',
  'verify --signers <file>',
  'verify --timestamp-ca <file>',
  'verify --witnesses <file>',
  'run start <machine>',
  'run start cut --source <value>',
  'run start deploy --source <value>',
  'run start deploy --checks <value>',
  'run start migrate --bundle <value>',
  'run start adopt --bundle <value>',
  'run adopt <bundle>',
]

/** Values that are no path on this machine. */
const VALUES = [
  ...['<address>', '<words>', '--as-of <time>', '--expect <counts>'],
  ...['<shell>', '[words]', '<run>', '[run]', '<approval>', '[batch]', '[target]', '[name]', '[flags]'],
  ...[
    '--by <who>',
    '--reason <text>',
    '--role <role>',
    '--name <label>',
    '--expires <time>',
    '--machines <list>',
    '--run <run>',
    '<token>',
    '--port <n>',
    '--concurrency <n>',
    '--host <address>',
    '--as <principal>',
    '--approval <id>',
    '--document <id>',
    '--to <release>',
    '--to <store>',
    '--staging <path>',
  ],
  ...[
    '--mode <mode>',
    '--status <status>',
    '--format <format>',
    '--output <format>',
    '--decision <decision>',
  ],
  ...['--limit <n>', '--page <n>', '--page-size <n>', '--for <time>', '--for <what>', '--older-than <time>'],
  ...['--timeout <duration>', '--gate <gate>', '--approver <principal>', '--operator <label>'],
  ...[
    '--target <target>',
    '--host <host>',
    '--since <time>',
    '--until <time>',
    '--text <text>',
    '--cursor <cursor>',
  ],
  ...[
    '--machine <machine>',
    '--target <name>',
    '--profile <name>',
    '--name <name>',
    '--accept <codes>',
    '--origins <list>',
    '--require <gates>',
  ],
  ...['--source-version <id>', '--country <code>', '--language <code>', '--date <date>', '--key <key>'],
]

/** Fields of shipped machines that are no path, or one on the host of a deploy. */
const FIELDS = [
  'document',
  'profile',
  'accept',
  'commences',
  'target',
  'commit',
  'host',
  'path',
  'strategy',
  'previous',
]
  .concat([
    'staging',
    'on-failure',
    'confirm-within',
    'serial',
    'canary',
    'max-failures',
    'run',
    'to',
    'expect',
  ])
  .map((field) => `--${field} <value>`)

const nameOf = (command: Command): string =>
  command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name()

/** Every argument and option of a command and its verbs that takes a value. */
function slotsOf(command: Command): string[] {
  const name = nameOf(command).replace(/^cutter run/, 'run')
  const words = command.registeredArguments.map((argument) =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
  )
  const flags = command.options.filter((option) => !option.isBoolean()).map((option) => option.flags)
  return [...[...words, ...flags].map((slot) => `${name} ${slot}`), ...command.commands.flatMap(slotsOf)]
}

async function everySlot(): Promise<string[]> {
  const interrupt = new AbortController().signal
  const home = openHome({ home: tmpdir(), env: {}, cwd: tmpdir(), interrupt })
  const starts = MACHINE_NAMES.map(async (name) => defineStartFlags(await findStartMachine(home, name)))
  const all = [buildProgram(), ...(await Promise.all(starts))].flatMap(slotsOf)
  return all.filter((slot) => !/^run start \S+ --home/.test(slot))
}

test('every option and argument that names a path is known to write or to read', async () => {
  const slots = await everySlot()
  const known = (slot: string) => [...VALUES, ...FIELDS].some((value) => slot.endsWith(` ${value}`))
  const paths = slots.filter((slot) => !known(slot))
  expect(paths.sort()).toEqual([...Object.keys(WRITERS), ...READERS].sort())
})

test('every field of a shipped machine that names a path is limited for callers of the service', () => {
  const fields = Object.entries(PATH_FIELDS).flatMap(([machine, names]) =>
    names.map((name) => `run start ${machine} --${name} <value>`),
  )
  expect(fields.sort()).toEqual(READERS.filter((slot) => /^run start \S+ --/.test(slot)).sort())
})

/** A home with `strict: owner`, a registered machine and an empty output folder. */
function aStrictHome(config = CONFIG): CutterHome {
  const at = aCutterHome(config)
  for (const folder of ['mine', 'out', 'series', 'reviews']) mkdirSync(at.path(folder))
  copyFileSync(EXAMPLE, at.path('mine/rotate-keys.ts'))
  at.file('service.key', 'the old key\n')
  at.file('small.md', charter('One.'))
  for (const [name, text] of Object.entries(scaffoldMigrationBundle('reviews')))
    at.file(`reviews/${name}`, text)
  at.file('series/1_one.up.sql', 'create table one (id int primary key);\n')
  return at
}

const errorOf = (answer: Parameters<typeof jsonOf>[0]) => jsonOf<{ error: ErrorJson }>(answer).error
const START = ['run', 'start', 'rotate-keys', '--file', 'service.key', '--json']

describe('with approvals.strict: owner', () => {
  let at: CutterHome
  let elsewhere = ''
  beforeAll(async () => {
    at = aStrictHome()
    elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-elsewhere-')))
    const { runId } = jsonOf(await at.cutter(START))
    expect((await rehearseOn(at, runId)).code).toBe(0)
    symlinkSync(elsewhere, at.path('out/link'))
  })
  afterAll(async () => {
    await at.remove()
    rmSync(elsewhere, { recursive: true })
  })

  for (const [slot, command] of Object.entries(WRITERS)) {
    test('migrate propose writes bundle.yaml only below the folder output', async () => {
      const refused = await at.cutter(['migrate', 'propose', join(elsewhere, 'reviews'), '--json'])
      expect([refused.code, errorOf(refused).code]).toEqual([2, 'INPUT_REFUSED'])
      expect(errorOf(refused).message).toContain(join(elsewhere, 'reviews', 'bundle.yaml'))
    })

    test(`${slot} refuses a path outside of the output folder, and writes nothing`, async () => {
      const before = readdirSync(at.home, { recursive: true })
      const answer = await at.cutter([...command('out/link/evil.ts'), '--json'])
      expect([answer.code, errorOf(answer).code]).toEqual([2, 'INPUT_REFUSED'])
      expect(errorOf(answer).message).toContain('approvals.strict is owner')
      expect(readdirSync(elsewhere)).toEqual([])
      expect(readdirSync(at.home, { recursive: true })).toEqual(before)
    })

    test(`${slot} writes below the output folder, in a file or folder of its own`, async () => {
      // Pruning comes last, because it removes the run that is exported.
      const name = slot.split(' ').slice(0, 2).join('-')
      const answer = await at.cutter([...command(`out/${name}`), '--json'])
      expect([answer.code, answer.stderr]).toEqual([0, ''])
      expect(existsSync(at.path(`out/${name}`))).toBe(true)
    })
  }
})

describe('with approvals.strict: owner and no output folder', () => {
  let at: CutterHome
  beforeAll(async () => {
    at = aStrictHome(CONFIG.replace('output: ./out\n', ''))
    expect(jsonOf(await at.cutter(START)).status).toBe('paused')
  })
  afterAll(() => at.remove())

  test.each(Object.entries(WRITERS))('%s refuses every path, and names the key', async (_, command) => {
    const answer = await at.cutter([...command('out/new'), '--json'])
    expect([answer.code, errorOf(answer).code]).toEqual([2, 'INPUT_REFUSED'])
    expect(errorOf(answer).next).toContain('output: ./out')
    expect(readdirSync(at.path('out'))).toEqual([])
  })

  test('run export, store backup and document export write to stdout', async () => {
    const bundle = await at.cutter(['run', 'export', 'rotate', '--out', '-'])
    expect([bundle.code, bundle.stdout.includes('history.jsonl')]).toEqual([0, true])
    expect(bundle.stderr).toContain('bundle  -')
    expect(bundle.stderr).toContain('next    cutter verify <bundle> --signers')
    const backup = await at.cutter(['store', 'backup', '--out', '-'])
    expect([backup.code, backup.stdout.startsWith('SQLite format 3')]).toEqual([0, true])
    const exported = await at.cutter(['document', 'export', 'small.md', '--format', 'markdown', '--out', '-'])
    expect([exported.code, exported.stdout]).toEqual([0, readFileSync(at.path('small.md'), 'utf8')])
    expect(existsSync(at.path('-'))).toBe(false)
  })

  test('doctor says that commands write to stdout only', async () => {
    const { stdout } = await at.cutter(['doctor'])
    expect(stdout).toContain('output: commands write to stdout only')
  })

  test('run export to stdout refuses --json, which prints there', async () => {
    const answer = await at.cutter(['run', 'export', 'rotate', '--out', '-', '--json'])
    expect([answer.code, errorOf(answer).code]).toEqual([2, 'USAGE'])
  })
})

describe('a module, with approvals.strict: owner', () => {
  let at: CutterHome
  beforeEach(() => {
    at = aStrictHome()
    at.file('evil.ts', `require('node:fs').writeFileSync(${JSON.stringify(at.path('ran'))}, '')\n`)
  })
  afterEach(() => at.remove())

  test.each([
    ['run start', ['run', 'start', './evil.ts', '--json']],
    ['run start --help', ['run', 'start', './evil.ts', '--help', '--json']],
    ['machine graph', ['machine', 'graph', './evil.ts', '--json']],
  ])('%s refuses a path, and runs nothing of it', async (_, args) => {
    const answer = await at.cutter(args)
    expect([answer.code, errorOf(answer).code]).toEqual([2, 'INPUT_REFUSED'])
    expect(errorOf(answer).message).toContain('only modules under machines are loaded')
    expect(existsSync(at.path('ran'))).toBe(false)
  })

  test('is not loaded from the path that the store remembers', async () => {
    at.file('cutter.yaml', '')
    const { runId } = jsonOf(await at.cutter(['run', 'start', './mine/rotate-keys.ts', ...START.slice(3)]))
    at.file('mine/rotate-keys.ts', readFileSync(at.path('evil.ts')))
    at.file('cutter.yaml', STRICT)
    for (const args of [
      ['machine', 'list'],
      ['machine', 'graph', 'rotate-keys'],
      ['run', 'resume', runId],
      ['run', 'explain', runId],
    ]) {
      const answer = await at.cutter([...args, '--json'])
      expect(`${answer.stdout}${answer.stderr}`).toContain('only modules under machines are loaded')
    }
    expect(existsSync(at.path('ran'))).toBe(false)
  })

  test('is not loaded from the output folder, although cutter.yaml names it', async () => {
    at.file('out/evil.ts', readFileSync(at.path('evil.ts')))
    at.file('cutter.yaml', CONFIG.replace('./mine/rotate-keys.ts', './out/evil.ts'))
    const answer = await at.cutter(START)
    expect([answer.code, errorOf(answer).code]).toEqual([3, 'FILES_UNSAFE'])
    expect(existsSync(at.path('ran'))).toBe(false)
  })
})

test('without strict: owner, commands write where the caller says and modules load by path', async () => {
  const at = aStrictHome('output: ./out\n')
  try {
    expect((await at.cutter(['migrate', 'new', 'anywhere', '--json'])).code).toBe(0)
    const args = ['run', 'start', './mine/rotate-keys.ts', ...START.slice(3)]
    expect(jsonOf(await at.cutter(args)).status).toBe('paused')
  } finally {
    await at.remove()
  }
})
