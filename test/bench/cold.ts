import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../src/app/package-paths.ts'
import { CHARTER } from '../../src/service/demo/charter.ts'

/** A complete process: medians in milliseconds. */
interface Cold {
  name: string
  /** Wall time. */
  ms: number
  /** Time of processors, user and system, which other work on the machine changes little. */
  cpuMs: number
}

/** Measures complete processes, in interleaved rounds. The last one is a client of a service, which runs only then. */
export async function measureCold(rounds: number): Promise<Cold[]> {
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
    const alone = measure(commands, rounds)
    const service = await serve(cutter('serve', '--port', '0', '--json'))
    try {
      const [node, ...rest] = measure([commands[0]!, ['run show (service)', commands.at(-1)![1]]], rounds)
      // Compared with the `node -e 0` of its own rounds, as other work on the machine comes and goes.
      return [...alone, { ...node!, name: 'node -e 0 (service)' }, ...rest]
    } finally {
      await service.end()
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

function answer(args: string[]): { [key: string]: unknown } {
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout)
}

function measure(commands: [string, string[]][], rounds: number): Cold[] {
  const spent = commands.map((): Spent[] => [])
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, [, args]] of commands.entries()) spent[index]!.push(spentBy(args))
  }
  return commands.map(([name], index) => ({
    name,
    ms: median(spent[index]!.map(({ ms }) => ms)),
    cpuMs: median(spent[index]!.map(({ cpuMs }) => cpuMs)),
  }))
}

type Spent = Pick<Cold, 'ms' | 'cpuMs'>

/** Bash counts what its child took of the processors, which Node does not. */
function spentBy(args: string[]): Spent {
  const script = 'TIMEFORMAT="%R %U %S"; time "$0" "$@" >/dev/null 2>&1'
  const { stderr } = spawnSync('bash', ['-c', script, process.execPath, ...args], { encoding: 'utf8' })
  const [wall = Number.NaN, user = Number.NaN, system = Number.NaN] = stderr.trim().split(' ').map(Number)
  return { ms: wall * 1_000, cpuMs: (user + system) * 1_000 }
}

async function serve(args: string[]): Promise<{ end(): Promise<void> }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  await Promise.race([new Promise((listens) => child.stdout.once('data', listens)), ended])
  if (child.exitCode !== null) throw new Error(`cutter serve ended with ${child.exitCode}`)
  return {
    end() {
      child.kill('SIGTERM')
      return ended
    },
  }
}

export function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}
