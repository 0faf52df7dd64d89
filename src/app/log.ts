import type { Logger } from 'pino'
import type { SecretRegistry } from '../secrets/redaction.ts'

export type Log = Pick<Logger, 'info' | 'warn' | 'error'>

const SILENT: Log = { info() {}, warn() {}, error() {} } as unknown as Log

/**
 * Opens the structured log on stderr at the level of CUTTER_LOG. Without that variable nothing is logged, and pino is never loaded.
 * The finished line is redacted, because errors of pg and ssh2 carry causes, details and stacks.
 * @param sink receives the lines instead of stderr
 */
export async function openLog(
  env: NodeJS.ProcessEnv,
  secrets: SecretRegistry,
  sink?: { write(line: string): unknown },
): Promise<Log> {
  const level = env.CUTTER_LOG
  if (level === undefined || level === '' || level === 'silent') return SILENT
  const { pino, destination } = await import('pino')
  const options = { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` }
  const stderr = sink ?? destination({ dest: 2, sync: true })
  const write = (line: string) => stderr.write(`${JSON.stringify(secrets.redactWords(JSON.parse(line)))}\n`)
  return pino(options, { write }) as Log
}
