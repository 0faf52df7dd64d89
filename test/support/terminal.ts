import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import type { CutterHome } from './cli.ts'

const program = resolve(import.meta.dirname, '../../dist/cutter.cjs')

/** Runs a command on a terminal of `script`. `answer`: what is typed when the text asks for it, and `early`: at once. */
export function onTerminal(
  at: CutterHome,
  args: string[],
  answer: { to: string; types: string; early?: string } | null = null,
): Promise<{ code: number; text: string }> {
  const command = [process.execPath, program, ...args].join(' ')
  const child = spawn('script', ['-qec', command, join(at.home, '.terminal')], {
    cwd: at.home,
    env: { ...at.env, TERM: 'xterm' },
  })
  if (answer?.early !== undefined) child.stdin.write(answer.early)
  let text = ''
  let isAnswered = false
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString()
    if (answer === null || isAnswered || !text.includes(answer.to)) return
    isAnswered = true
    child.stdin.write(`${answer.types}\n`)
  })
  return new Promise((done) => child.on('close', (code) => done({ code: code ?? -1, text })))
}
