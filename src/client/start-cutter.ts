import { ClientError } from './client-error.ts'
import { worksByItself } from './command-words.ts'
import { findService } from './find-service.ts'

/** Has the service of the home perform the command of this process, where there is one; else `alone` performs it. */
export function startCutter(alone: () => void): void {
  const argv = process.argv.slice(2)
  if (worksByItself(argv)) alone()
  else void start(argv, alone)
}

async function start(argv: string[], alone: () => void): Promise<void> {
  try {
    const service = findService({ argv, env: process.env, cwd: process.cwd() })
    if (service === null) return alone()
    // Loaded here, because most homes have no service.
    const { askService } = await import('./ask-service.ts')
    await askService(service, argv, alone)
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
    const { fail } = await import('./fail.ts')
    fail(argv, error)
  }
}
