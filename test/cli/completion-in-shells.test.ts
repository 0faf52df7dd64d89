import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { missingFor, openShell, SHELLS, type TypedShell } from '../support/typed-keys.ts'

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
const FILE = 'charter-of-this-test.md'

let at: CutterHome
let short: string

beforeAll(async () => {
  at = aCutterHome('machines: { rotate-keys: ./rotate-keys.ts }\n')
  copyFileSync(EXAMPLE, at.path('rotate-keys.ts'))
  at.file('service.key', 'the old key\n')
  at.file(FILE, '')
  const program = `${process.execPath} ${at.path('.installed/dist/cutter.cjs')}`
  at.file('cutter', `#!/bin/sh\nprintf '%s\\n' "$*" >> ${at.path('asked')}\nexec ${program} "$@"\n`)
  chmodSync(at.path('cutter'), 0o755)
  const started = await at.cutter(['run', 'start', 'rotate-keys', '--file', 'service.key', '--json'])
  short = jsonOf(started).runId.slice(-8)
})
afterAll(() => at.remove())

/** Lines that would run a command if anything evaluated them. */
const HOSTILE = [
  'cutter run show $(touch PLANTED)',
  'cutter run show $(touch PLANTED) ',
  'cutter run show `touch PLANTED`',
  'cutter run show "$(touch PLANTED)',
  'cutter run show <(touch PLANTED)',
  'cutter run list --status=$(touch PLANTED)',
  'cutter run list --$(touch PLANTED)=',
  'cutter --$(touch PLANTED)=x run ',
  'cutter verify $(touch PLANTED)/',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: words of a shell
  'cutter verify ${x:-$(touch PLANTED)}',
  'cutter verify `touch PLANTED`/',
  'cutter verify (touch PLANTED)',
  'cutter run show x;touch PLANTED;cutter run show ',
]

describe.each(SHELLS)('the script for %s', (shell) => {
  // Skipped by name where the shell, or what opens a terminal, is not installed.
  const missing = missingFor(shell)
  const needs = missing === null ? '' : ` (skipped: no ${missing} here)`
  let typed: TypedShell
  let errors = ''
  beforeAll(async () => {
    for (const file of ['asked', 'PLANTED']) rmSync(at.path(file), { force: true })
    if (missing !== null) return
    const script = join(at.home, `script.${shell}`)
    writeFileSync(script, (await at.cutter(['completion', shell])).stdout)
    typed = openShell(shell, at.home, { ...at.env, PATH: `${at.home}:${at.env.PATH}` })
    // The tab key of zsh first expands what stands in any line, and runs `$(…)` itself. Here it only completes.
    if (shell === 'zsh') typed.type("autoload -Uz compinit; compinit -u -D; bindkey '^I' complete-word\n")
    typed.type(`source ${script}\n`)
    typed.type(`source ${script}; echo REA''DY\n`)
    errors = await typed.shows(/READY/)
  }, 120_000)
  afterAll(() => typed?.end())

  /** Leaves the line, and waits until the shell answers again. */
  const leave = async () => {
    // Ctrl-U, because Ctrl-C makes the terminal forget what was typed before it.
    typed.type(`\x15echo AGA''IN\n`)
    await typed.shows(/AGAIN/)
  }
  const press = async (line: string, shown: RegExp) => {
    typed.type(`${line}\t`)
    await typed.shows(shown)
    await leave()
  }

  test.skipIf(missing !== null)(`is read twice without an error${needs}`, () => {
    expect(errors).not.toMatch(/not found|readonly|error|unknown/i)
  })

  test.skipIf(missing !== null)(
    `completes what somebody types${needs}`,
    async () => {
      await press('cutter run gr', /cutter run graph/)
      await press('cutter run list --status=pa', /--status=paused/)
      await press(`cutter run show ${short.slice(0, 5)}`, new RegExp(short))
      await press(`cutter run cancel --reason "two words" ${short.slice(0, 5)}`, new RegExp(short))
      await press('cutter verify --signers charter-of', new RegExp(`--signers ${FILE}`))
      await press('cutter run start cut --source charter-of', new RegExp(`--source ${FILE}`))
    },
    300_000,
  )

  test.skipIf(missing !== null)(
    `runs nothing that stands in the line${needs}`,
    async () => {
      for (const line of HOSTILE) {
        typed.type(`${line}\t`)
        await leave()
        expect(readdirSync(at.home), line).not.toContain('PLANTED')
      }
      // The program was asked, and got the words as they were typed.
      const asked = readFileSync(at.path('asked'), 'utf8').split('\n')
      expect(asked.filter((words) => words.includes('touch PLANTED')).length).toBeGreaterThan(4)
    },
    300_000,
  )
})
