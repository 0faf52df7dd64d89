import type { Command } from 'commander'
import { action, BY, defineCommand, type GlobalOptions } from './define-command.ts'
import { inHome, type Session } from './session.ts'

type Options = GlobalOptions & { by?: string }

/**
 * `cutter mcp`: serves an agent over the Model Context Protocol on stdin and stdout. It asks the service of the home where there is one, as
 * every command does; else it works on the home itself.
 */
export function defineMcp(program: Command): void {
  defineCommand(
    program,
    'mcp',
    'serve an agent on stdin and stdout, over the Model Context Protocol; it can do everything but approve',
    'cutter mcp --by deploybot',
  )
    .option(...BY)
    .action(action(mcp))
}

function mcp(options: Options): Promise<number> {
  const serving = async (session: Session) => {
    const { findLiveService } = await import('./live-service.ts')
    const service = await findLiveService()
    if (service === null) return workAlone(session, options)
    const { io, interrupt } = session
    if (options.by !== undefined)
      io.err('cutter: --by is left out, because the operator is the name of the token')
    const [{ serveAgent }, { remoteDoor }] = await Promise.all([
      import('../mcp/serve-stdio.ts'),
      import('../mcp/remote-door.ts'),
    ])
    await serveAgent(remoteDoor(service), interrupt)
    return 0
  }
  return inHome(options, serving, { staysUp: true })
}

async function workAlone({ home, io, interrupt, secrets }: Session, { by }: Options): Promise<number> {
  const [{ openAgents }, { serveAgent }, { localDoor }] = await Promise.all([
    import('../service/mcp.ts'),
    import('../mcp/serve-stdio.ts'),
    import('../mcp/door.ts'),
  ])
  const warn = (error: unknown) => io.err(`cutter: ${error instanceof Error ? error.message : String(error)}`)
  const agents = openAgents(home, { by, secrets, failed: warn })
  // A token that does not count ends the command at once, and not at the first call.
  await agents.call()
  await serveAgent(localDoor(agents.call, warn), interrupt)
  await agents.idle()
  return 0
}
