import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writerThreadFile } from '../../src/app/package-paths.ts'
import { findHistoryFault } from '../../src/domain/history.ts'
import { openRunStore } from '../../src/store/sqlite/open-run-store.ts'
import { aFolder, aStoreFile, migrationsDirectory, removeFolders } from '../store/store-folders.ts'

// A process that dies while many runs are working. A writer thread saves their steps.

const RUNS = 96
let program: string

beforeAll(async () => {
  const folder = aFolder()
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  program = join(folder, 'many.mjs')
  await build({
    entryPoints: [join(import.meta.dirname, 'concurrent-runs-program.ts')],
    outfile: program,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
})
afterAll(removeFolders)

/** Starts a process that works on the store. `kill` ends it and returns the newest acknowledged step of each run. */
function startProgram(file: string) {
  const args = [program, file, migrationsDirectory, writerThreadFile(), String(RUNS)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  const seen = new Set<string>()
  const started = new Promise<void>((done) => {
    child.stdout.on('data', (chunk) => {
      output += chunk
      for (const [runId] of String(chunk).matchAll(/^\S+/gm)) seen.add(runId)
      if (seen.size >= RUNS) done()
    })
  })
  const ended = once(child, 'close')
  return {
    /** Each run has an acknowledged step. */
    started,
    async kill(): Promise<Map<string, number>> {
      child.kill('SIGKILL')
      await ended
      const lines = output
        .split('\n')
        .slice(0, -1)
        .map((line) => line.split(' '))
      return new Map(lines.map(([runId, seq]) => [runId!, Number(seq)]))
    },
  }
}

describe('a store with many working runs', () => {
  test.each([
    [1, 40],
    [1, 90],
    [1, 150],
    [1, 230],
    [1, 330],
    [2, 400],
    [3, 600],
  ])(
    'holds every acknowledged step completely when %i processes die %i ms after the first step of each run',
    async (processes, ms) => {
      const { file } = aStoreFile()
      const all = Array.from({ length: processes }, () => startProgram(file))
      for (const { started } of all) await started
      await sleep(ms)
      const answered = (await Promise.all(all.map(({ kill }) => kill()))).flatMap((each) => [...each])
      expect(answered).toHaveLength(processes * RUNS)
      const store = openRunStore({ file, migrationsDirectory })
      expect(await store.check()).toEqual([])
      for (const [runId, seq] of answered) {
        const { run, history } = (await store.storedRun(runId))!
        expect(run.seq).toBeGreaterThanOrEqual(seq)
        expect(history.map((entry) => entry.seq)).toEqual(Array.from({ length: run.seq }, (_, at) => at + 1))
        expect(findHistoryFault(run, history)).toBeNull()
      }
      await store.close()
    },
  )
})
