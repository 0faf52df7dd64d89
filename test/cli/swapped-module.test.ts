import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { digestOfBytes } from '../../src/domain/json.ts'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf } from '../support/cli.ts'
import { historyOf, rehearse, rehearseOn, resume } from '../support/cli-steps.ts'

/** The module of an open run is replaced by another one, which leaves a file as soon as it is loaded. */

const EXAMPLE = readFileSync(resolve(import.meta.dirname, '../examples/rotate-keys.ts'), 'utf8')
const IMPORTING = EXAMPLE.replace("from 'node:path'", "from './lib/path'")
const LIB = "export { resolve } from 'node:path'\n"
const TRAP = "import { writeFileSync as leave } from 'node:fs'\nleave('loaded', '')\n"
const UPGRADE = (from: string) =>
  `upgrade: { ${from}: { schema: z.looseObject({}), migrate: (old) => old } },`

const homes: CutterHome[] = []
afterEach(async () => {
  await Promise.all(homes.splice(0).map((home) => home.remove()))
})

async function atGate() {
  const at = aCutterHome()
  homes.push(at)
  mkdirSync(at.path('mine/lib'), { recursive: true })
  at.file('mine/rotate-keys.ts', IMPORTING)
  at.file('mine/lib/path.ts', LIB)
  at.file('service.key', 'the old key\n')
  const run = jsonOf(
    await at.cutter(['run', 'start', './mine/rotate-keys.ts', '--file', 'service.key', '--json']),
  )
  expect(run.status).toBe('paused')
  return { at, runId: run.runId }
}

const errorOf = (answer: Awaited<ReturnType<typeof resume>>) => jsonOf<{ error: ErrorJson }>(answer).error
const wasLoaded = (at: CutterHome) => existsSync(at.path('loaded'))

describe('the module of an open run', () => {
  test('run start records the digest of the module and of what it imports', async () => {
    const { at, runId } = await atGate()
    const [started] = await historyOf(at, runId)
    expect(started!.event.moduleSource).toEqual([
      { file: 'lib/path.ts', digest: digestOfBytes(Buffer.from(LIB)) },
      { file: 'rotate-keys.ts', digest: digestOfBytes(Buffer.from(IMPORTING)) },
    ])
  })

  test.each([
    ['itself', 'mine/rotate-keys.ts', IMPORTING],
    ['in what it imports', 'mine/lib/path.ts', LIB],
  ])(
    'resume names file and digests of a module that was replaced %s, and does not load it',
    async (_, name, before) => {
      const { at, runId } = await atGate()
      const { approvalId } = await rehearse(at, runId)
      at.file(name, TRAP + before)
      for (const answer of [await resume(at, runId), await resume(at, runId, approvalId)]) {
        const { code, message } = errorOf(answer)
        expect([answer.code, code]).toEqual([3, 'MACHINE_CHANGED'])
        for (const part of [
          at.path(name),
          digestOfBytes(Buffer.from(before)),
          digestOfBytes(Buffer.from(TRAP + before)),
        ])
          expect(message).toContain(part)
        expect(message).toContain('was not loaded')
      }
      expect(wasLoaded(at)).toBe(false)
      at.file(name, before)
      expect((await resume(at, runId, approvalId)).code).toBe(0)
    },
  )

  test('resume refuses a module that imports another file than at the start', async () => {
    const { at, runId } = await atGate()
    at.file('mine/trap.ts', TRAP)
    at.file('mine/lib/path.ts', `import '../trap.ts'\n${LIB}`)
    expect(errorOf(await resume(at, runId)).code).toBe('MACHINE_CHANGED')
    rmSync(at.path('mine/trap.ts'))
    at.file('mine/lib/path.ts', LIB)
    expect((await rehearseOn(at, runId)).code).toBe(0)
    expect(wasLoaded(at)).toBe(false)
  })

  test.each([
    ['replaced', ''],
    ['replaced by one with a comment that names an upgrade', "// upgrade: { '1': …\n"],
  ])('no command that only shows loads a module that was %s', async (_, comment) => {
    const { at, runId } = await atGate()
    at.file('mine/lib/path.ts', comment + TRAP + LIB)
    const commands = [
      ['run', 'show', runId],
      ['run', 'plan', runId],
      ['run', 'history', runId, '--verify'],
      ['run', 'explain', runId],
      ['run', 'graph', runId],
      ['run', 'report', runId],
      ['run', 'export', runId, '--out', 'run.tar'],
      ['verify', 'run.tar'],
      ['approval', 'statement', runId, '--as', 'alice@example.org'],
      ['approval', 'rehearse', runId],
      ['approval', 'list'],
      ['machine', 'check'],
      ['machine', 'list'],
      ['machine', 'graph', 'rotate-keys'],
      ['doctor'],
      ['run', 'start', '--help'],
    ]
    for (const command of commands) {
      await at.cutter([...command, '--json'])
      expect([command.join(' '), wasLoaded(at)]).toEqual([command.join(' '), false])
    }
    if (comment !== '') return
    const acting = [
      ['run', 'retry', runId],
      ['run', 'cancel', runId, '--reason', 'its module was replaced'],
    ]
    for (const command of acting) await at.cutter([...command, '--json'])
    expect(wasLoaded(at)).toBe(false)
    expect((await historyOf(at, runId)).at(-1)).toMatchObject({ status: 'closed' })
  })

  test('machine check loads a replaced module that names an upgrade only with --load-changed', async () => {
    const { at } = await atGate()
    at.file('mine/lib/path.ts', `// upgrade: { '1': …\n${TRAP}${LIB}`)
    const verdictOf = async (...options: string[]) => {
      const answer = await at.cutter(['machine', 'check', ...options, '--json'])
      return [answer.code, jsonOf<{ verdict: string; why: string }[]>(answer)[0]] as const
    }
    const [code, looked] = await verdictOf()
    expect([code, looked]).toEqual([
      3,
      expect.objectContaining({ verdict: 'untried', why: expect.stringContaining('mine/lib/path.ts') }),
    ])
    expect(wasLoaded(at)).toBe(false)
    expect(await verdictOf('--load-changed')).toEqual([3, expect.objectContaining({ verdict: 'stranded' })])
    expect(wasLoaded(at)).toBe(true)
  })

  test.each([
    ['by its path', './mine/rotate-keys.ts'],
    ['by its name in cutter.yaml', 'rotate-keys'],
  ])('run start %s finds the run of a key before it loads a replaced module', async (_, machine) => {
    const at = aCutterHome('machines: { rotate-keys: ./mine/rotate-keys.ts }\n')
    homes.push(at)
    mkdirSync(at.path('mine/lib'), { recursive: true })
    at.file('mine/rotate-keys.ts', IMPORTING)
    at.file('mine/lib/path.ts', LIB)
    at.file('service.key', 'the old key\n')
    const start = (...flags: string[]) =>
      at.cutter(['run', 'start', machine, ...flags, '--file', 'service.key', '--json'])
    const { runId } = jsonOf(await start('--key', 'k1'))
    expect(jsonOf(await start('--key=k1')).runId).toBe(runId)
    at.file('mine/lib/path.ts', `// upgrade: { '1': …\n${TRAP}${LIB}`)
    for (const flags of [['--key', 'k1'], ['--key=k1']]) {
      const refused = await start(...flags)
      expect([refused.code, errorOf(refused).code]).toEqual([3, 'MACHINE_CHANGED'])
    }
    expect(wasLoaded(at)).toBe(false)
    at.file('mine/lib/path.ts', LIB)
    expect(jsonOf(await start('--key', 'k1')).runId).toBe(runId)
  })

  test('machine list and machine check name the replaced file', async () => {
    const { at } = await atGate()
    at.file('mine/lib/path.ts', TRAP + LIB)
    const checked = await at.cutter(['machine', 'check', '--json'])
    expect([checked.code, JSON.parse(checked.stdout)]).toEqual([
      3,
      [expect.objectContaining({ verdict: 'stranded', why: expect.stringContaining('mine/lib/path.ts') })],
    ])
    const listed = JSON.parse((await at.cutter(['machine', 'list', '--json'])).stdout)
    expect(listed.at(-1)).toMatchObject({
      name: 'rotate-keys',
      definitionDigest: null,
      error: expect.stringContaining('mine/lib/path.ts'),
    })
  })
})

describe('a module that was replaced by one with an upgrade', () => {
  const withUpgrade = (from: string) => IMPORTING.replace("version: '1',", `version: '2', ${UPGRADE(from)}`)

  test('resume loads it when it names the version of the run, and records its source', async () => {
    const { at, runId } = await atGate()
    at.file('mine/rotate-keys.ts', withUpgrade("'1'"))
    expect(errorOf(await resume(at, runId)).code).toBe('APPROVAL_REQUIRED')
    const upgraded = (await historyOf(at, runId)).find(({ event }) => event.type === 'cutter.upgraded')!
    expect(upgraded.event.moduleSource).toContainEqual({
      file: 'rotate-keys.ts',
      digest: digestOfBytes(Buffer.from(withUpgrade("'1'"))),
    })
    at.file('mine/rotate-keys.ts', TRAP + withUpgrade("'1'").replace("upgrade: { '1'", "upgrade: { '0'"))
    expect(errorOf(await resume(at, runId)).code).toBe('MACHINE_CHANGED')
    expect(wasLoaded(at)).toBe(false)
    at.file('mine/rotate-keys.ts', withUpgrade("'1'"))
    expect((await rehearseOn(at, runId)).code).toBe(0)
  })

  test('resume does not load it when it names another version', async () => {
    const { at, runId } = await atGate()
    at.file('mine/rotate-keys.ts', TRAP + withUpgrade("'0'"))
    const { code, next } = errorOf(await resume(at, runId))
    expect([code, next]).toEqual(['MACHINE_CHANGED', expect.stringContaining("upgrade: { '1'")])
    expect(wasLoaded(at)).toBe(false)
  })
})
