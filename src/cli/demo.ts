import type { Command } from 'commander'
import { action, defineCommand, type GlobalOptions } from './define-command.ts'
import { inHome } from './session.ts'

/**
 * `cutter demo`: shows a newcomer a complete cut and its refusals, in a home of its own on an embedded PostgreSQL. With `--json` stdout has
 * the ids of its runs, and the story goes to stderr. Exit code 1 when the story does not come true.
 */
export function defineDemo(program: Command): void {
  defineCommand(
    program,
    'demo',
    'show the complete story on an embedded PostgreSQL; needs no set-up',
    'cutter demo',
  ).action(action(demo))
}

function demo(options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io, interrupt, secrets }) => {
    const { runDemo } = await import('../service/demo.ts')
    const say = (text: string) => {
      if (io.json) io.err(text)
      else io.out(text.startsWith('# ') ? [{ text: text.slice(2), style: 'bold' }] : text)
    }
    const runs = await runDemo({ home, interrupt, secrets, say })
    if (io.json) io.outJson(runs)
    return 0
  })
}
