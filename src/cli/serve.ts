import type { Command } from 'commander'
import { shellQuote } from '../domain/shell-quote.ts'
import { integer, integerFrom } from './arguments.ts'
import { action, defineCommand, type GlobalOptions } from './define-command.ts'
import { offeredCommands } from './offered-commands.ts'
import { inHome, type Session } from './session.ts'

/**
 * `cutter serve`: serves a home to callers with tokens until it is interrupted. It prints one line of JSON with `--json` once it listens.
 * With `--systemd` it prints a unit that serves the home.
 */
export function defineServe(program: Command): void {
  defineCommand(
    program,
    'serve',
    'serve this home to callers with tokens, over HTTP and a unix socket',
    'cutter serve --port 7433',
  )
    .option('--port <n>', 'the port; 0 takes a free one', integerFrom(0, 65_535), 7433)
    .option('--concurrency <n>', 'how many effects work at a time', integer(10_000), 64)
    .option('--host <address>', 'name or address on which it listens', '127.0.0.1')
    .option('--systemd', 'print a unit for systemd that does so, and serve nothing')
    .action(action((options: Options) => (options.systemd === true ? printUnit(options) : serve(options))))
}

type Options = GlobalOptions & { port: number; host: string; concurrency: number; systemd?: boolean }

function printUnit(options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { makeSystemdUnit } = await import('../service/systemd-unit.ts')
    const answer = await makeSystemdUnit(home, options)
    if (io.json) io.outJson(answer)
    else io.outExactly(answer.unit)
    return 0
  })
}

function serve(options: Options): Promise<number> {
  const serving = async ({ home, io, interrupt }: Session) => {
    const [{ openService }, { listen }] = await Promise.all([
      import('../service/serve.ts'),
      import('../http/listen.ts'),
    ])
    const warn = (message: string) => io.err(`cutter: ${message}`)
    const service = await openService(home, { concurrency: options.concurrency, warn, ...offeredCommands() })
    try {
      const { address, close } = await listen(service, options)
      if (io.json) io.outJsonLine(address)
      else {
        io.out(`listens  ${address.url}`)
        io.out(`         ${address.socket}`)
        const at = home.folder === process.cwd() ? '' : ` --home ${shellQuote(home.folder)}`
        io.out(`token    cutter token create --role operator --name <label>${at}`)
      }
      await aborted(interrupt)
      await close()
    } finally {
      await service.close()
    }
    return 0
  }
  return inHome(options, serving, { staysUp: true })
}

/** Waits until a signal aborts. */
export const aborted = (signal: AbortSignal) =>
  new Promise<void>((done) => {
    if (signal.aborted) done()
    signal.addEventListener('abort', () => done(), { once: true })
  })
