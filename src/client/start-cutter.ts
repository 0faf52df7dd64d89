import { ClientError } from './client-error.ts'
import { needsHome, worksByItself } from './command-words.ts'
import { findService } from './find-service.ts'

/** Has the service of the home perform the command of this process, where there is one; else `alone` performs it. */
export function startCutter(alone: () => void): void {
  const argv = process.argv.slice(2)
  if (worksByItself(argv) && !(needsHome(argv) && (process.env.CUTTER_URL ?? '') !== '')) alone()
  else void start(argv, alone)
}

async function start(argv: string[], alone: () => void): Promise<void> {
  try {
    if (worksByItself(argv)) throw homeElsewhereError()
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

const homeElsewhereError = () =>
  new ClientError(
    'INPUT_REFUSED',
    'this command works on the home itself, and CUTTER_URL names a service elsewhere; nothing was changed',
    'run it where the home is, without CUTTER_URL; to void or abandon a run: cutter approval sign --decision void, then the command with --approval',
    2,
  )
