import { spawn } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import type { OpenOptions } from '../../../src/store/sqlite/open-database.ts'
import { aFolder } from '../store-folders.ts'

/** Processes of their own that open a store's file: all of them begin once all of them are ready. */

export type Opened = { opened: number } | { code: string | null; message: string }

/** Builds the program, with a link to node_modules next to it, so that packages resolve as in the project. */
export async function openerProgram(source = 'opener.ts'): Promise<string> {
  const folder = aFolder()
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  const outfile = join(folder, 'opener.mjs')
  await build({
    entryPoints: [join(import.meta.dirname, source)],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
  return outfile
}

export async function openAtOnce(
  program: string,
  { file, migrationsDirectory }: OpenOptions,
  { times = 1, as = {} }: { times?: number; as?: { uid?: number; gid?: number } } = {},
): Promise<Opened[]> {
  const openers = Array.from({ length: times }, () => {
    const stdio = ['pipe', 'pipe', 'inherit'] as ['pipe', 'pipe', 'inherit']
    const child = spawn(process.execPath, [program, file, migrationsDirectory], { cwd: '/', stdio, ...as })
    const ended = new Promise((end) => child.once('exit', end))
    return { child, ended, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
  })
  for (const { lines } of openers) await lines.next()
  for (const { child } of openers) child.stdin.write('go\n')
  const answers = await Promise.all(openers.map(async ({ lines }) => JSON.parse((await lines.next()).value)))
  await Promise.all(openers.map(({ ended }) => ended))
  return answers
}
