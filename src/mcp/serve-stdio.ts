import { createServerMaker } from './create-server.ts'
import type { Door } from './door.ts'
import { serveStdio } from './mcp.ts'

/** Speaks with one agent on stdin and stdout until it closes stdin, or `interrupt` aborts. */
export async function serveAgent(door: Door, interrupt: AbortSignal): Promise<void> {
  const maker = createServerMaker()
  const ended = new Promise<void>((done) => {
    process.stdin.once('end', done).once('close', done)
    if (interrupt.aborted) done()
    interrupt.addEventListener('abort', () => done(), { once: true })
  })
  const serving = serveStdio(({ era }) => maker.make(door, { era }))
  await ended
  await serving.close()
  process.stdin.destroy()
}
