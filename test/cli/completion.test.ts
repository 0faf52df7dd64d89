import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const program = resolve(import.meta.dirname, '../../dist/cutter.cjs')
const run = promisify(execFile)
const BASH_COMPLETION = '/usr/share/bash-completion/bash_completion'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cutter-completion-'))
  const file = join(folder, 'cutter')
  writeFileSync(file, `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`)
  chmodSync(file, 0o755)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const env = () => ({ ...process.env, PATH: `${folder}:${process.env.PATH}`, HOME: folder })
const cutter = async (...args: string[]) =>
  (await run(process.execPath, [program, ...args], { cwd: folder, env: env() })).stdout

/** What may follow the words so far. */
const completions = async (...words: string[]) =>
  (await cutter('complete', '--', ...words))
    .split('\n')
    .map((line) => line.split('\t')[0]!)
    .filter((line) => line !== '' && !line.startsWith(':'))

describe('cutter complete', () => {
  test('completes commands, verbs, options and their values', async () => {
    expect(await completions('inb')).toEqual(['inbox'])
    expect(await completions('run', 'gr')).toEqual(['graph'])
    expect(await completions('run', 'list', '--sta')).toEqual(['--status'])
    expect(await completions('run', 'list', '--status', '')).toEqual([
      'working',
      'paused',
      'stopped',
      'closed',
    ])
  })

  test('offers no command of its own', async () => {
    expect(await completions('')).not.toContain('complete')
  })
})

const has = (shell: string) => {
  try {
    execFileSync(shell, ['-c', 'exit 0'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('cutter completion', () => {
  test.each(['bash', 'zsh', 'fish'])('prints a script for %s that calls cutter complete', async (shell) => {
    const script = await cutter('completion', shell)
    expect(script).toContain('cutter')
    expect(script).toContain('complete --')
  })

  test.each(['bash', 'zsh', 'fish'])('prints a script that %s reads without an error', async (shell) => {
    // Skipped by name where the shell is not installed.
    if (!has(shell)) return console.log(`skipped: no ${shell} here`)
    const file = join(folder, `script.${shell}`)
    writeFileSync(file, await cutter('completion', shell))
    execFileSync(shell, ['-n', file], { stdio: 'pipe' })
  })

  test('completes in bash', async () => {
    // The script asks bash-completion for the words; skipped by name where it is not installed.
    if (!existsSync(BASH_COMPLETION)) return console.log(`skipped: no ${BASH_COMPLETION} here`)
    const file = join(folder, 'in-bash')
    writeFileSync(file, await cutter('completion', 'bash'))
    const ask = `source ${BASH_COMPLETION}; source ${file}; COMP_WORDS=(cutter run gr); COMP_CWORD=2; COMP_LINE='cutter run gr'; COMP_POINT=13; name=$(complete -p cutter | sed 's/.*-F \\([^ ]*\\) .*/\\1/'); $name cutter gr run; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = await run('bash', ['-c', ask], { cwd: folder, env: env() })
    expect(stdout.trim().split(/\s/)[0]).toBe('graph')
  })

  test('refuses another shell', async () => {
    await expect(cutter('completion', 'csh')).rejects.toMatchObject({ code: 2 })
  })
})
