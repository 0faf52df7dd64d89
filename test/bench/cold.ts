import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../src/app/package-paths.ts'
import { CHARTER } from '../../src/service/demo/charter.ts'

/** Measures the wall time of complete processes: interleaved rounds, medians in milliseconds. */
export function measureCold(rounds: number): { name: string; ms: number }[] {
  const home = mkdtempSync(join(tmpdir(), 'cutter-bench-'))
  const cutter = (...args: string[]) => [join(packageRoot(), 'dist', 'cutter.cjs'), ...args, '--home', home]
  try {
    writeFileSync(join(home, 'charter.md'), CHARTER)
    const start = () =>
      answer(
        cutter('run', 'start', 'cut', '--document', 'BENCH', '--source', join(home, 'charter.md'), '--json'),
      ).runId as string
    const [paused, finished] = [start(), start()]
    for (let gate = 0; gate < 2; gate += 1) {
      const { approvalId } = answer(cutter('approval', 'rehearse', finished, '--json'))
      answer(cutter('run', 'resume', '--approval', approvalId as string, '--json'))
    }
    const commands: [string, string[]][] = [
      ['node -e 0', ['-e', '0']],
      ['run resume (finished)', cutter('run', 'resume', finished)],
      ['run resume (paused)', cutter('run', 'resume', paused)],
      ['run show', cutter('run', 'show', finished)],
    ]
    const times = commands.map(() => [] as number[])
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, [, args]] of commands.entries()) times[index]!.push(wallTime(args))
    }
    return commands.map(([name], index) => ({ name, ms: median(times[index]!) }))
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

function answer(args: string[]): { [key: string]: unknown } {
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout)
}

function wallTime(args: string[]): number {
  const begun = performance.now()
  spawnSync(process.execPath, args, { stdio: 'ignore' })
  return performance.now() - begun
}

export function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}
