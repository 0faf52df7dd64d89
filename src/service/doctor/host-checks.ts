import { hostname } from 'node:os'
import type { App } from '../../app/open-app.ts'
import { CutterError } from '../../domain/errors.ts'
import { type Finding, okay } from './finding.ts'

/**
 * Compares the rules of this host with those that count for all hosts of a store in PostgreSQL, and asks whether its commits outlive their server. With
 * the owner’s login it publishes the rules of this host before.
 */
export async function checkSharedRules({ home, config }: App, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  if (config.store === undefined) return []
  const { findLiveObstacle, publishHostRules } = await import('../../app/live-conditions.ts')
  const check = 'shared rules'
  const asked = async () => {
    const isPublished = await publishHostRules(home, config, env)
    return { isPublished, obstacle: await findLiveObstacle(home, config, env) }
  }
  const answer = await asked().catch((error: unknown) => {
    if (!(error instanceof CutterError)) throw error
    return error
  })
  if (answer instanceof CutterError) {
    const { message, next } = answer
    return [{ check, status: 'fail', message, next: next ?? 'check the server of the store' }]
  }
  const published = answer.isPublished
    ? `the signers, revoked keys and policy of this host, ${hostname()}, were published and count on all hosts from now on`
    : 'this host has the signers, revoked keys and policy that were published'
  if (answer.obstacle === null)
    return [
      okay(
        check,
        config.store.commits === 'local'
          ? `${published}; a failover may lose commits, which store.commits accepts`
          : `${published}; a standby has each commit before it counts`,
      ),
    ]
  const { stopCode, why, next } = answer.obstacle
  const status = config.execution.allowLive ? 'fail' : 'warn'
  return [{ check, status, message: `no live run may work: ${stopCode}, ${why}`, next }]
}
