import { isListening } from '../client/connection.ts'
import { type FoundService, findService } from '../client/find-service.ts'

/** The service that a command which works by itself asks; null where this process works on the home. */
export async function findLiveService(): Promise<FoundService | null> {
  const { argv, env } = process
  const service = findService({ argv: argv.slice(2), env, cwd: process.cwd() })
  return service === null || (service.isOptional && !(await isListening(service))) ? null : service
}
