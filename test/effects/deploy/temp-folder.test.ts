import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

/** Temporary folders of deploys: those of killed processes go, those of living ones stay, whatever their host names and process ids are. */

let folder: string
const children: ChildProcess[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cutter-temp-folders-'))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

const MODULE = resolve(import.meta.dirname, '../../../src/effects/deploy/temp-folder.ts')
const JITI = resolve(import.meta.dirname, '../../../node_modules/jiti/lib/jiti.mjs')
const PROGRAM = `
import { createJiti } from ${JSON.stringify(JITI)}
const { createTempFolder } = await createJiti(import.meta.url).import(${JSON.stringify(MODULE)})
process.stdout.write(await createTempFolder())
if (process.argv.includes('stays')) setInterval(() => {}, 1_000)
`

/** A process that makes a folder, and the folder. With `stays` it lives until it is killed. */
async function aProcess(...args: string[]): Promise<{ child: ChildProcess; made: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, '--', ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const made = await new Promise<string>((done) => child.stdout!.once('data', (text) => done(String(text))))
  return { child, made }
}
const ended = (child: ChildProcess) =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((done) => child.once('exit', done))
const left = () => readdirSync(folder).filter((name) => name.startsWith('cutter-deploy-'))

test('a process that ends leaves no folder', async () => {
  const { child } = await aProcess()
  await ended(child)
  expect(left()).toEqual([])
})

test('the folder of a killed process goes with the next process, and that of a living one stays', async () => {
  const living = await aProcess('stays')
  const killed = await aProcess('stays')
  killed.child.kill('SIGKILL')
  await ended(killed.child)
  expect(existsSync(killed.made)).toBe(true)
  const next = await aProcess()
  await ended(next.child)
  expect(existsSync(dirname(killed.made))).toBe(false)
  expect(existsSync(living.made)).toBe(true)
})

test('a folder without a lock stays for an hour, because its process may be about to lock it', async () => {
  const bare = join(folder, 'cutter-deploy-process-fresh')
  mkdirSync(bare)
  await ended((await aProcess()).child)
  expect(existsSync(bare)).toBe(true)
  const old = new Date(Date.now() - 2 * 3_600_000)
  utimesSync(bare, old, old)
  await ended((await aProcess()).child)
  expect(existsSync(bare)).toBe(false)
})
