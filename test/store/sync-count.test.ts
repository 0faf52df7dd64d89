import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../src/app/package-paths.ts'
import type { WorkerFigures } from '../bench/workload.ts'
import { aFolder, removeFolders } from './store-folders.ts'

/** Counts how often what ships waits for the disk: `openApp` with all defaults, a user's own machine of ten steps and two gates. */

afterAll(removeFolders)

const skipped = whyNot()
if (skipped !== null) console.log(`skipped: counting of syncs (${skipped})`)

function whyNot(): string | null {
  const { error, status, stderr } = spawnSync('strace', ['-f', '-e', 'trace=fdatasync', 'true'], {
    encoding: 'utf8',
  })
  if (error !== undefined) return 'strace is not installed'
  return status === 0 ? null : `strace may not trace here: ${stderr.trim().split('\n').at(-1)}`
}

/** Syncs a run while that many are in flight. */
function syncsPerRun(inFlight: number): number {
  const log = join(aFolder(), 'strace')
  const bench = [join(packageRoot(), 'dist', 'bench.cjs'), 'worker', 'cutter']
  const traced = ['-f', '-ttt', '-e', 'trace=fsync,fdatasync', '-o', log, process.execPath, ...bench]
  const { stdout, stderr } = spawnSync('strace', traced, {
    encoding: 'utf8',
    // Enough runs that the first and last ones, which share their transactions with few others, weigh little.
    env: {
      ...process.env,
      CUTTER_BENCH_EXTENT: `60,${inFlight * 4},0`,
      CUTTER_BENCH_IN_FLIGHT: String(inFlight),
    },
  })
  expect(stdout, stderr).toContain('{')
  // Node warns of many listeners where each run at work has one.
  expect(stderr).not.toContain('Warning')
  const { throughput } = JSON.parse(stdout.trim().split('\n').at(-1)!) as WorkerFigures
  const { from, to, runs } = throughput[0]!
  const times = [...readFileSync(log, 'utf8').matchAll(/(\d+\.\d+) (?:fsync|fdatasync)\(/g)].map(
    ([, seconds]) => Number(seconds) * 1_000,
  )
  return times.filter((at) => at >= from && at <= to).length / runs
}

describe.skipIf(skipped !== null)('waiting for the disk', { timeout: 300_000 }, () => {
  test('with 256 runs in flight at most 0.3 times a run', () => {
    expect(syncsPerRun(256)).toBeLessThanOrEqual(0.3)
  })

  test('with one run in flight once for its start, each pause, approval, use and end, and for each head', () => {
    const syncs = syncsPerRun(1)
    // Start, two pauses, two approvals, two uses, the end, its signature, and three heads.
    expect(syncs).toBeGreaterThanOrEqual(12)
    // Now and then SQLite moves pages of the journal to the file.
    expect(syncs).toBeLessThan(13)
  })
})
