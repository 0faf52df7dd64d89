import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Config } from '../config/config-schema.ts'
import type { Json } from '../domain/json.ts'
import { differingRules, type LiveRules } from '../domain/live-rules.ts'
import type { LiveObstacle } from '../engine/engine-deps.ts'

/** What a live run needs where hosts share a store in PostgreSQL: the same rules on each, and commits that outlive their server. */

const PUBLISH = 'with the variable that store.owner names set, run: cutter doctor'

/** The rules of this host, read from its files now. */
export async function readHostRules(home: string, config: Config): Promise<LiveRules> {
  const [{ readTrustFile }, { canonicalJson, digestOf, digestOfBytes }] = await Promise.all([
    import('../approvals/trust-files.ts'),
    import('../domain/json.ts'),
  ])
  const { allowedSigners, revokedKeys, policy, strict } = config.approvals
  const digestAt = async (path: string | undefined) => {
    const bytes = path === undefined ? null : await readTrustFile({ allowedSigners: '' }, resolve(home, path))
    return bytes === null ? null : digestOfBytes(bytes)
  }
  const rules = {
    ...{ policy, strict, hasRevokedKeys: revokedKeys !== undefined },
    ...{ operators: config.operators ?? null, commits: config.store?.commits ?? null },
  }
  return {
    signers: await digestAt(allowedSigners),
    revokedKeys: await digestAt(revokedKeys),
    policy: digestOf(canonicalJson(rules as unknown as Json)),
  }
}

/** Finds why no live run may work with the store of this host now. */
export async function findLiveObstacle(
  home: string,
  config: Config,
  env: NodeJS.ProcessEnv,
): Promise<LiveObstacle | null> {
  if (config.store === undefined) return null
  const [{ connecting }, { readLiveConditions }] = await Promise.all([
    import('./open-database-store.ts'),
    import('../store/postgres/live-conditions.ts'),
  ])
  const { rules, looseCommits } = await readLiveConditions(connecting(config.store.url.env, env))
  if (rules === null)
    return {
      stopCode: 'STOP_POLICY_DIFFERS',
      why: 'no rules were published for the hosts that share the store',
      next: PUBLISH,
    }
  const differing = differingRules(await readHostRules(home, config), rules)
  if (differing.length > 0)
    return {
      stopCode: 'STOP_POLICY_DIFFERS',
      why: `this host, ${hostname()}, differs from the rules that ${rules.host} published at ${rules.at}: ${differing.join(', ')}`,
      next: `give all hosts the same files; to publish those of this host, ${PUBLISH}`,
    }
  if (looseCommits === null || config.store.commits === 'local') return null
  return {
    stopCode: 'STOP_COMMITS_NOT_REPLICATED',
    why: `the store may lose a commit that was acknowledged: ${looseCommits}`,
    next: 'set synchronous_standby_names and synchronous_commit = on at the server, or accept the loss on all hosts: store: { commits: local }',
  }
}

/**
 * Publishes the rules of this host where it has the owner’s login and others count, or none.
 * @returns whether they were published
 */
export async function publishHostRules(
  home: string,
  config: Config,
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  const owner = config.store?.owner
  if (config.store === undefined || owner === undefined || !env[owner.env]) return false
  const [{ connecting }, { readLiveConditions, publishRules }] = await Promise.all([
    import('./open-database-store.ts'),
    import('../store/postgres/live-conditions.ts'),
  ])
  const { rules } = await readLiveConditions(connecting(config.store.url.env, env))
  const own = await readHostRules(home, config)
  if (rules !== null && differingRules(own, rules).length === 0) return false
  await publishRules(connecting(owner.env, env), own, hostname())
  return true
}
