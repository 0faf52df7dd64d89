import type { App } from '../../app/open-app.ts'
import { findWritableByOthers } from '../../approvals/file-permissions.ts'
import type { Receiver } from '../../config/messages-schema.ts'
import { type Finding, okay } from './finding.ts'

/** Checks each receiver that cutter.yaml names, and counts messages that nobody took. Sends nothing. */
export async function checkMessages(
  { config, store }: Pick<App, 'config' | 'store'>,
  env: NodeJS.ProcessEnv,
): Promise<Finding[]> {
  const { receivers } = config.messages
  const counts = await store.countMessages()
  const names = [...new Set([...Object.keys(receivers), ...counts.map(({ receiver }) => receiver)])].sort()
  return names.map((name) => {
    const check = `messages for ${name}`
    const of = counts.filter(({ receiver }) => receiver === name)
    const dead = of.find(({ state }) => state === 'dead')
    if (dead !== undefined) {
      const { count, since, error } = dead
      const message = `${count} dead, the first of ${since}: ${error ?? 'never tried'}`
      return { check, status: 'fail', message, next: NEXT }
    }
    const fault = findFault(receivers[name], env)
    if (fault !== null)
      return { check, status: 'warn', message: fault, next: 'correct messages.receivers in cutter.yaml' }
    const waiting = of.find(({ error }) => error !== null)
    if (waiting !== undefined) {
      const { count, since, error } = waiting
      return {
        check,
        status: 'warn',
        message: `${count} wait since ${since}: ${error}`,
        next: 'see whether the receiver works',
      }
    }
    return okay(check, `${of[0]?.count ?? 0} wait; cutter serve delivers them`)
  })
}

/** Dead messages are not sent again: the histories have what they report. */
const NEXT =
  'correct the receiver; the histories have what they report: cutter run list. Dead messages are removed after 30 days'

function findFault(receiver: Receiver | undefined, env: NodeJS.ProcessEnv): string | null {
  if (receiver === undefined) return 'cutter.yaml names no such receiver, and messages wait for it'
  const { webhook, command, slack, ntfy, email } = receiver
  const variables = [webhook?.urlEnv, webhook?.secretEnv, slack?.urlEnv, ntfy?.tokenEnv, email?.smtpEnv]
  const missing = variables.filter((name) => name !== undefined && (env[name] ?? '') === '')
  if (missing.length > 0) return `${missing.join(', ')} is not set here; the service needs it`
  const uid = process.geteuid?.()
  const [program] = command ?? []
  if (program === undefined || uid === undefined) return null
  return findWritableByOthers(program, uid)?.message ?? null
}
