import type { Logger } from 'pino'

export type Log = Pick<Logger, 'info' | 'warn' | 'error'>

const SILENT: Log = { info() {}, warn() {}, error() {} } as unknown as Log

/** Structured logs on stderr, for CUTTER_LOG=<level>; without it none, and pino is never loaded. */
export async function openLog(env: NodeJS.ProcessEnv): Promise<Log> {
  const level = env.CUTTER_LOG
  if (level === undefined || level === '' || level === 'silent') return SILENT
  const { pino, destination } = await import('pino')
  const options = { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` }
  return pino(options, destination({ dest: 2, sync: true })) as Log
}
