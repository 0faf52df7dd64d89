import { resolve } from 'node:path'
import type { Effect } from '../../domain/effect.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import { type Checks, parseChecks } from './checks-file.ts'
import type { DeployDeps } from './deps.ts'
import { admitHosts } from './hosts/admit-hosts.ts'
import { atHost } from './hosts/at-host.ts'
import { markLive } from './hosts/host-record.ts'
import { joinBlocked } from './hosts/join-blocked.ts'
import { onEachHost } from './hosts/on-each-host.ts'
import { joinLocked, joinRechecked } from './hosts/plan-hosts.ts'
import { rollbackHosts } from './hosts/rollback-hosts.ts'
import { listOutsideFaults } from './outside-folders.ts'
import { assertAbsolutePath, type DeployPaths, resolvePaths } from './paths.ts'
import { activate } from './phases/activate.ts'
import { artifact } from './phases/artifact.ts'
import { backHost } from './phases/back-host.ts'
import { blockedReport } from './phases/blocked-report.ts'
import { build } from './phases/build.ts'
import { clearRehearsal } from './phases/clear-rehearsal.ts'
import { closeout } from './phases/closeout.ts'
import { environment } from './phases/environment.ts'
import { finish } from './phases/finish.ts'
import { health } from './phases/health.ts'
import { integrity } from './phases/integrity.ts'
import { lockHosts } from './phases/lock-hosts.ts'
import { nextHost } from './phases/next-host.ts'
import { planLock } from './phases/plan-lock.ts'
import { postChecks } from './phases/post-checks.ts'
import { preflight } from './phases/preflight.ts'
import { prepare } from './phases/prepare.ts'
import { recheckDeploy } from './phases/recheck-deploy.ts'
import { rehearse } from './phases/rehearse.ts'
import { rehearseRollback } from './phases/rehearse-rollback.ts'
import { retryHosts } from './phases/retry-hosts.ts'
import { rollback } from './phases/rollback.ts'
import { runtimeSkeleton } from './phases/runtime-skeleton.ts'
import { source } from './phases/source.ts'
import { switchRelease } from './phases/switch-release.ts'
import { transferPromote } from './phases/transfer-promote.ts'

export type { DeployDeps } from './deps.ts'

/** The effects of a deploy, by the names that the machine invokes. */
export function deployEffects(deps: DeployDeps): Record<string, Effect> {
  const takeBack = rollback(deps)
  const effects: Effect[] = [
    onEachHost(environment(deps)),
    source(deps),
    artifact(deps),
    onEachHost(preflight(deps)),
    onEachHost(rehearseRollback(deps)),
    onEachHost(clearRehearsal(deps)),
    onEachHost(planLock(), joinLocked),
    onEachHost(recheckDeploy(deps), joinRechecked),
    lockHosts(deps),
    nextHost(),
    retryHosts(),
    atHost(transferPromote(deps)),
    atHost(build(deps)),
    atHost(prepare(deps)),
    atHost(postChecks(deps)),
    atHost(rehearse(deps)),
    atHost(switchRelease(deps)),
    atHost(runtimeSkeleton(deps)),
    atHost(activate(deps)),
    atHost(health(deps)),
    atHost(integrity(deps)),
    atHost(finish(deps), { after: markLive }),
    backHost(takeBack),
    rollbackHosts(takeBack),
    onEachHost(blockedReport(deps), joinBlocked),
    closeout(),
  ]
  return Object.fromEntries(effects.map((effect) => [effect.name, effect]))
}

/**
 * Completes the input of a deploy before a run exists: absolute paths, and a checks file that is valid. G0 and G1 find out whether host
 * and source exist.
 * @throws INPUT_REFUSED when the input can't be used.
 */
export async function admitDeploy(
  deps: DeployDeps,
  input: { [key: string]: Json },
): Promise<{ [key: string]: Json }> {
  const hosts = admitHosts(input)
  const { source, path, previous, checks, strategy } = input as { [key: string]: string | undefined }
  const file = checks === undefined ? undefined : resolve(checks)
  const checked = parseChecks(file === undefined ? {} : await deps.readChecks(file), file ?? 'no checks')
  if (strategy !== 'release') assertNeedsNoReleases(checked)
  const target = assertAbsolutePath(path!, '--path')
  const earlier = previous?.split(',').map((path) => assertAbsolutePath(path.trim(), '--previous'))
  const within = earlier?.find(
    (one) => `${target}/`.startsWith(`${one}/`) || (one.startsWith(`${target}/`) && strategy !== 'release'),
  )
  if (within !== undefined) {
    throw new CutterError(
      'INPUT_REFUSED',
      `--previous ${within} overlaps the path of the deploy, so it could not stay as it is; the host was not touched`,
      { next: 'name the version that is in use now' },
    )
  }
  assertOutside(
    checked,
    resolvePaths(
      { path: target, strategy: strategy as DeployPaths['strategy'], previous: earlier ?? [] },
      null,
    ),
  )
  return {
    ...input,
    ...hosts,
    source: resolve(source!),
    path: target,
    ...(earlier === undefined ? {} : { previous: earlier.join(',') }),
    ...(file === undefined ? {} : { checks: file }),
  }
}

function assertOutside({ skeleton: { outside = [] } }: Checks, place: DeployPaths): void {
  const faults = listOutsideFaults(outside, place)
  if (faults.length === 0) return
  throw new CutterError('INPUT_REFUSED', `${faults.join('; ')}; the host was not touched`, {
    next: 'name folders outside of the target and of what must stay as it is',
  })
}

function assertNeedsNoReleases({ shared, keep }: Checks): void {
  const key = shared.length > 0 ? 'shared' : keep === undefined ? null : 'keep'
  if (key === null) return
  throw new CutterError(
    'INPUT_REFUSED',
    `${key} of the checks file needs releases, which lie in one folder; the host was not touched`,
    { next: `--strategy release, or no ${key}` },
  )
}
