import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { faultInHistory } from '../../src/domain/history.ts'
import { writerThread } from '../../src/package-root.ts'
import { openRunStore } from '../../src/store/run-store.ts'
import { aFolder, aStoreFile, removeFolders } from '../store/folders.ts'

/** A process that dies with a great many runs at work, whose steps are saved by a thread of their own. */

const RUNS = 96
let program: string

beforeAll(async () => {
  const folder = aFolder()
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  program = join(folder, 'many.mjs')
  await build({
    entryPoints: [join(import.meta.dirname, 'many-at-work.ts')],
    outfile: program,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
})
afterAll(removeFolders)

describe('a great many runs at work', () => {
  test.each([40, 90, 150, 230, 330])(
    'have every step that was answered, whole, when they die %i ms after the first',
    async (ms) => {
      const { file, migrationsDirectory } = aStoreFile()
      const args = [program, file, migrationsDirectory, writerThread(), String(RUNS)]
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      let said = ''
      const ended = new Promise((end) => child.once('close', end))
      child.stdout.on('data', (chunk) => {
        said += chunk
      })
      await once(child.stdout, 'data')
      await sleep(ms)
      child.kill('SIGKILL')
      await ended
      const answered = new Map(
        said
          .split('\n')
          .slice(0, -1)
          .map((line) => line.split(' ') as [string, string]),
      )
      expect(answered.size).toBe(RUNS)
      const store = openRunStore({ file, migrationsDirectory })
      expect(await store.check()).toEqual([])
      for (const [runId, seq] of answered) {
        const { run, history } = (await store.whole(runId))!
        expect(run.seq).toBeGreaterThanOrEqual(Number(seq))
        expect(history.map((entry) => entry.seq)).toEqual(
          Array.from({ length: run.seq }, (_, index) => index + 1),
        )
        expect(faultInHistory(run, history)).toBeNull()
      }
      await store.close()
    },
  )
})
