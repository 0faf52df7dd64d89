import type { Command } from 'commander'
import type { Home } from '../app/open-home.ts'
import { shellQuote } from '../domain/shell-quote.ts'
import { integerFrom } from './arguments.ts'
import { action, defineCommand, type GlobalOptions } from './define-command.ts'
import { offeredCommands } from './offered-commands.ts'
import { aborted } from './serve.ts'
import { inHome } from './session.ts'

/**
 * `cutter demo`: shows a newcomer a complete cut and its refusals, in a home of its own on an embedded PostgreSQL. With `--json` stdout has
 * the ids of its runs, and the story goes to stderr. Exit code 1 when the story does not come true. With `--page` it then shows the runs in
 * a browser until it is interrupted.
 */
export function defineDemo(program: Command): void {
  defineCommand(
    program,
    'demo',
    'show the complete story on an embedded PostgreSQL; needs no set-up',
    'cutter demo --page',
  )
    .option('--page', 'then serve the runs on a page until Ctrl-C, and print a link that signs in')
    .option('--port <n>', 'with --page: the port; 0 takes a free one', integerFrom(0, 65_535), 0)
    .action(action(demo))
}

function demo(options: GlobalOptions & { page?: true; port: number }): Promise<number> {
  return inHome(options, async ({ home, io, interrupt, secrets }) => {
    const { runDemo } = await import('../service/demo.ts')
    const say = (text: string) => {
      if (io.json) io.err(text)
      else io.out(text.startsWith('# ') ? [{ text: text.slice(2), style: 'bold' }] : text)
    }
    const port = options.port === 0 ? await freePort() : options.port
    const page = {
      origin: `http://localhost:${port}`,
      serve: (opened: Home) => servePage(opened, { port, say, interrupt }),
    }
    const shown = options.page === undefined ? {} : { page }
    const runs = await runDemo({ home, interrupt, secrets, say, ...shown })
    if (io.json) io.outJson(runs)
    return 0
  })
}

/** Serves the demo's home, and says the link. A passkey needs the name localhost, so the link has it. */
async function servePage(
  home: Home,
  { port, say, interrupt }: { port: number; say(text: string): void; interrupt: AbortSignal },
): Promise<void> {
  const [{ openService }, { listen }, { createToken }] = await Promise.all([
    import('../service/serve.ts'),
    import('../http/listen.ts'),
    import('../service/tokens/create.ts'),
  ])
  const service = await openService(home, offeredCommands())
  try {
    const listening = await listen(service, { port, host: '127.0.0.1' })
    const { token } = await createToken(home, { name: 'visitor', role: 'admin', expires: '12h' })
    say('')
    say('# The page')
    say('Open this link within five minutes. It signs in once:')
    say(`  http://localhost:${port}/sign-in#code=${service.sessions.makeCode(token)}`)
    say(`To approve there, make a passkey and add its line to ${home.folder}/allowed_signers.`)
    say('To sign in once more, make a token in the home of the demo (in a clone: npm run cutter -- …):')
    say(`  cutter token create --role operator --name <label> --home ${shellQuote(home.folder)}`)
    say('Ctrl-C ends it, and leaves no process running.')
    await aborted(interrupt)
    await listening.close()
  } finally {
    await service.close()
  }
}

/** The policy of the demo's gates names the origin of the page, so its port is chosen before the home is made. */
async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  return new Promise((done, fail) => {
    const server = createServer()
      .on('error', fail)
      .listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number }
        server.close(() => done(port))
      })
  })
}
