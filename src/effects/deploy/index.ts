import { resolve } from 'node:path'
import type { Effect } from '../../domain/effect.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import { type Checks, parseChecks } from './checks-file.ts'
import type { DeployDeps } from './deps.ts'
import { listOutsideFaults } from './outside-folders.ts'
import { assertAbsolutePath, type DeployPaths, resolvePaths } from './paths.ts'
import { activate } from './phases/activate.ts'
import { artifact } from './phases/artifact.ts'
import { blockedReport } from './phases/blocked-report.ts'
import { build } from './phases/build.ts'
import { clearRehearsal } from './phases/clear-rehearsal.ts'
import { closeout } from './phases/closeout.ts'
import { environment } from './phases/environment.ts'
import { finish } from './phases/finish.ts'
import { health } from './phases/health.ts'
import { integrity } from './phases/integrity.ts'
import { planLock } from './phases/plan-lock.ts'
import { postChecks } from './phases/post-checks.ts'
import { preflight } from './phases/preflight.ts'
import { prepare } from './phases/prepare.ts'
import { recheckDeploy } from './phases/recheck-deploy.ts'
import { rehearse } from './phases/rehearse.ts'
import { rehearseRollback } from './phases/rehearse-rollback.ts'
import { rollback } from './phases/rollback.ts'
import { runtimeSkeleton } from './phases/runtime-skeleton.ts'
import { source } from './phases/source.ts'
import { switchRelease } from './phases/switch-release.ts'
import { transferPromote } from './phases/transfer-promote.ts'

export type { DeployDeps } from './deps.ts'

/** The effects of a deploy, by the names that the machine invokes. */
export function deployEffects(deps: DeployDeps): Record<string, Effect> {
  const effects = [
    environment(deps),
    source(deps),
    artifact(deps),
    preflight(deps),
    rehearseRollback(deps),
    clearRehearsal(deps),
    planLock(),
    recheckDeploy(deps),
    transferPromote(deps),
    build(deps),
    prepare(deps),
    postChecks(deps),
    rehearse(deps),
    switchRelease(deps),
    runtimeSkeleton(deps),
    activate(deps),
    health(deps),
    integrity(deps),
    finish(deps),
    rollback(deps),
    blockedReport(deps),
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
