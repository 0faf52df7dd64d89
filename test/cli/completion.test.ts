import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
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

/** A zsh in a terminal of its own, into which another one types. */
const PRESSES = `
zmodload zsh/zpty
zpty inner "PS1='' zsh -f -i"
zpty -w inner 'fpath=($HOME $fpath); autoload -Uz compinit; compinit -u -d $HOME/dump; echo RE''ADY'
zpty -r inner out '*READY*'
zpty -w -n inner $'cutter run gr\t'
zpty -r inner out '*graph*' && print 'completed: cutter run graph'
zpty -d inner
`

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

  // The library is pinned exactly; a new version of it changes the scripts, and whoever updates it tries them in the shells.
  test.each([
    ['bash', '2f8527bbce809082b28b542380fc022bea3943f4a8c5b628a80794178357ae38'],
    ['zsh', '77e81fbaded8fb8c808c71bfc69c4bab376a5c3421ee940654100e1346c80887'],
    ['fish', '0679e0809b28bb51cf1d9a1c914d632c90d0e46b2659bbfeb6c97e3c00edd43b'],
  ])('prints the script for %s that was tried in that shell', async (shell, digest) => {
    expect(
      createHash('sha256')
        .update(await cutter('completion', shell))
        .digest('hex'),
    ).toBe(digest)
  })

  test('completes in fish', async () => {
    if (!has('fish')) return console.log('skipped: no fish here')
    const file = join(folder, 'cutter.fish')
    writeFileSync(file, await cutter('completion', 'fish'))
    const ask = (line: string) =>
      execFileSync('fish', ['--no-config', '-c', `source ${file}; complete -C '${line}'`], {
        env: env(),
        encoding: 'utf8',
      })
    expect(ask('cutter run gr').split('\t')[0]).toBe('graph')
    expect(ask('cutter run list --status ').trim().split('\n').sort()).toEqual(
      ['closed', 'paused', 'stopped', 'working'].sort(),
    )
  })

  test('completes in zsh, in which somebody presses the tab key', async () => {
    if (!has('zsh')) return console.log('skipped: no zsh here')
    writeFileSync(join(folder, '_cutter'), await cutter('completion', 'zsh'))
    const file = join(folder, 'press.zsh')
    writeFileSync(file, PRESSES)
    const { stdout } = await run('zsh', ['-f', file], { cwd: folder, env: env(), timeout: 60_000 })
    expect(stdout).toContain('completed: cutter run graph')
  })

  test('refuses another shell', async () => {
    await expect(cutter('completion', 'csh')).rejects.toMatchObject({ code: 2 })
  })
})
