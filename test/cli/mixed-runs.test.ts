import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inPlace } from '../../src/cli/place.ts'
import { runProgram } from '../../src/cli/run-program.ts'
import { widthOf } from '../../src/cli/text-width.ts'
import { copyReleasedHome, type ReleasedRun, readFixture } from '../support/released-home.ts'

/**
 * What people read of runs on a terminal of 80 columns: runs of all shipped machines in all their states, and runs whose names are long, wide,
 * or made of marks. No line is wider, so nobody scrolls sideways.
 */

const COMMIT = 'ec8f423'
const WIDTH = 80
const MACHINE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
/** Every machine, status and state of the released runs, once for each. */
const mixed = [
  ...new Map(
    readFixture(COMMIT).runs.map((run) => [[run.machine, run.status, run.state].join(' '), run]),
  ).values(),
]
const HIDDEN = /[\p{Cc}\p{Cf}]/u
const NAMES: [string, string][] = [
  ['of wide letters', '憲章第一条の改正'.repeat(8)],
  ['of letters with marks', 'e\u0301n\u0303'.repeat(30)],
  ['of emoji', '🔑❤️🇻🇳👍🏽'.repeat(5)],
  ['of one long word', 'x'.repeat(230)],
  ['of Arabic letters', '\u062f\u0633\u062a\u0648\u0631 '.repeat(20).trim()],
  ['with what controls a terminal', 'a\u001b[2Jb\u202ec\u200bd'],
]

describe(`runs on a terminal of ${WIDTH} columns`, () => {
  const released = copyReleasedHome(COMMIT)
  const { runs } = readFixture(COMMIT)
  const named = new Map<string, string>()

  beforeAll(async () => {
    const folder = join(released.home, 'names')
    mkdirSync(folder)
    for (const [name, text] of NAMES) {
      const file = join(folder, text)
      writeFileSync(file, 'a key\n')
      const started = await printed(['run', 'start', MACHINE, '--file', file, '--json'], null)
      named.set(name, (JSON.parse(started.join('\n')) as { runId: string }).runId)
    }
  }, 120_000)
  afterAll(() => released.remove())

  /** The lines that a command prints on stdout. */
  async function printed(args: string[], columns: number | null = WIDTH): Promise<string[]> {
    const chunks: string[] = []
    const keep = (into: string[]) => ({
      writable: new Writable({
        write(chunk: Buffer, _, done) {
          into.push(chunk.toString())
          done()
        },
      }),
      isTerminal: false,
      columns: columns ?? undefined,
    })
    const place = {
      stdout: keep(chunks),
      stderr: keep([]),
      color: false,
      exit() {},
      command: '',
      served: null,
    }
    await inPlace(place, () => runProgram([...args, '--home', released.home]))
    return chunks.join('').trimEnd().split('\n')
  }

  const expectFitted = (...args: string[]) => expectAtMost(WIDTH, args)
  async function expectAtMost(width: number, args: string[]): Promise<string[]> {
    const lines = await printed(args, width)
    for (const line of lines) expect(widthOf(line), `${args.join(' ')}: ${line}`).toBeLessThanOrEqual(width)
    return lines
  }
  const idOf = ({ runId }: ReleasedRun) => runId

  test('are at least 30 of all machines, with each status', () => {
    expect(mixed.length).toBeGreaterThanOrEqual(30)
    expect(new Set(mixed.map(({ machine }) => machine)).size).toBe(5)
    expect(new Set(mixed.map(({ status }) => status))).toEqual(
      new Set(['working', 'paused', 'stopped', 'closed']),
    )
  })

  test('run list has one line for each, with its short id and what it is about', async () => {
    const [head, ...lines] = await expectFitted('run', 'list', '--limit', '100')
    expect(head).toMatch(/^STATUS +RUN +MACHINE +MODE +STARTED +ABOUT$/)
    const shown = lines.map((line) => /\b[0-9a-f]{8}\b/.exec(line)?.[0])
    for (const runId of [...runs.map(idOf), ...named.values()]) expect(shown).toContain(runId.slice(-8))
    expect(new Set(shown).size).toBe(lines.length)
  })

  test('inbox names each run that waits', async () => {
    const text = (await expectFitted('inbox')).join('\n')
    for (const { runId, status } of runs)
      if (status === 'paused' || status === 'stopped') expect(text).toContain(runId.slice(-8))
  })

  test.each(['show', 'history', 'explain'])('run %s fits for each of them', async (verb) => {
    for (const runId of [...mixed.map(idOf), ...named.values()])
      await expectFitted('run', verb, runId, ...(verb === 'explain' ? ['--offline'] : []))
  })

  describe.each([60, 120])('and of %i', (width) => {
    test('the list and the inbox have their columns, and tell live runs from dry ones', async () => {
      const [head, ...rows] = await expectAtMost(width, ['run', 'list', '--limit', '100'])
      expect(head).toMatch(width < WIDTH ? /^STATUS +RUN +MODE +ABOUT$/ : /^STATUS .* STARTED +ABOUT$/)
      for (const row of rows) expect(row).toMatch(/ (live|dry) /)
      const [inbox] = await expectAtMost(width, ['inbox'])
      expect(inbox).toMatch(width < WIDTH ? /^WAITS +RUN +MODE +ABOUT$/ : /^WAITS .* SINCE +ABOUT$/)
    })

    test.each(['show', 'history', 'explain', 'graph'])('run %s fits', async (verb) => {
      // Of each machine one run, and the longest and widest names.
      const some = [...new Map(mixed.map((run) => [run.machine, run])).values()].map(idOf)
      for (const runId of [...some, ...named.values()])
        await expectAtMost(width, ['run', verb, runId, ...(verb === 'explain' ? ['--offline'] : [])])
    })
  })

  test.each([
    ['approval list'],
    ['machine list'],
    ['machine check'],
    ['target list'],
    ['document profiles'],
    ['rehearsal list'],
    ['token list'],
    ['migrate status'],
    ['store prune --older-than 1h'],
    ['doctor'],
    ['doctor --runs'],
  ])('%s fits, too', async (command) => {
    const before = await printed(
      ['token', 'create', '--role', 'viewer', '--name', 'v'.repeat(90), '--json'],
      null,
    )
    const { tokenId } = JSON.parse(before.join('\n')) as { tokenId: string }
    for (const width of [60, WIDTH]) await expectAtMost(width, command.split(' '))
    await printed(['token', 'revoke', tokenId], null)
  })

  test.each(NAMES)('a name %s hides nothing and begins no line', async (name, text) => {
    const [runId, start] = [named.get(name)!, [...text].slice(0, 3).join('')]
    const lines = await expectFitted('run', 'show', runId)
    const complete = await printed(['run', 'show', runId], null)
    for (const line of lines) expect(line).not.toMatch(HIDDEN)
    for (const line of complete) expect(line).not.toMatch(HIDDEN)
    expect(lines.filter((line) => line.startsWith(start))).toEqual([])
  })
})
