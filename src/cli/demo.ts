import type { Command } from 'commander'
import { action, defineCommand, type GlobalOptions } from './define-command.ts'
import { inHome } from './session.ts'

export function defineDemo(program: Command): void {
  defineCommand(
    program,
    'demo',
    'show the complete story on an embedded PostgreSQL; needs no set-up',
    'cutter demo',
  ).action(action(demo))
}

/** With `--json` the story goes to stderr. */
function demo(options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io, interrupt, secrets }) => {
    const { runDemo } = await import('../service/demo.ts')
    const bold = (text: string) => (io.color ? `\u001b[1m${text}\u001b[22m` : text)
    const say = (text: string) =>
      io.json ? io.err(text) : io.out(text.startsWith('# ') ? bold(text.slice(2)) : text)
    const runs = await runDemo({ home, interrupt, secrets, say })
    if (io.json) io.out(JSON.stringify(runs, null, 2))
    return 0
  })
}
