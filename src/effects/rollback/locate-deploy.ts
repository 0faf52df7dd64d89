import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { sha256 } from '../../domain/json.ts'
import { type AdoptedRelease, readManifest } from '../deploy/adopted-release.ts'
import type { ArtifactEntry } from '../deploy/artifact-entry.ts'
import { MANIFEST_NAME } from '../deploy/artifact-rules.ts'
import {
  formatManifest,
  listDeployedEntries,
  listManifestFaults,
  readDeployedAt,
} from '../deploy/deploy-manifest.ts'
import type { HostSession } from '../deploy/host-session.ts'
import { surveyAnchors, surveyFacts } from '../deploy/host-survey.ts'
import type { RemovedPath } from '../deploy/list-removable.ts'
import { listMade } from '../deploy/outside-folders.ts'
import { backupOf } from '../deploy/paths.ts'
import type { DeployPlan } from '../deploy/plan.ts'
import { findLinksTo, parsePairs, readPointer, readPromoteState } from '../deploy/read-commands.ts'
import { EXIT } from '../deploy/write-commands.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import { assertNoWayBack, findWayBack } from './find-way-back.ts'
import type { LocatedDeploy, RollbackPlan } from './plan.ts'

/** The deploy to find: its run, the digest of its plan, the plan, and the evidence of what its build made. */
export interface SoughtDeploy {
  runId: string
  planDigest: string
  plan: DeployPlan
  builtDigest: string | null
  /** The releases that this home has adopted. */
  adopted: AdoptedRelease[]
}

/**
 * Finds a deploy on its host. `to`: the release to which the pointer shall go; null for the one before the deploy.
 * @throws STOP_DRIFT when it is in use, is another's way back, or is not on the host of the deploy. @throws STOP_REFUSED_INPUT when
 * nothing is left.
 */
export async function locateDeploy(
  session: HostSession,
  context: EffectContext,
  { runId, planDigest, plan: deploy, builtDigest, adopted }: SoughtDeploy,
  to: string | null,
): Promise<LocatedDeploy> {
  const { staging, target } = deploy.place
  const host = await assertSameHost(session, context, runId, deploy)
  const state = await readState(session, runId, deploy)
  const inPlace = state.manifest === 'yes'
  if (state.staging === 'yes' && state.mine === 'no')
    throw occupiedError(`${staging} on the host belongs to another run, which may be working there`)
  const found = inPlace ? 'in its place' : state.withdrawn === 'yes' ? 'withdrawn' : 'in staging'
  if (found === 'in staging' && state.mine !== 'yes') throw nothingLeftError(runId, target, state.target)
  if (inPlace) await assertNotInUse(session, deploy)
  if (to === null) await assertNoWayBack(session, deploy)
  const restores = await findBackup(session, deploy, runId, state, inPlace)
  const way = await findWayBack(session, deploy, to, adopted)
  const outside = listOutside(deploy, way, state.staging === 'yes')
  const located = {
    host,
    found,
    ...way,
    ...(outside.length === 0 ? {} : { outside }),
    ...(restores === null ? {} : { restores }),
  } as const
  // Only staging is left of an abandoned deploy: it is removed as it is, whatever it holds.
  if (found === 'in staging') return { ...located, removes: [], built: [] }
  const folder = inPlace ? target : `${staging}/withdrawn`
  const entries = await readJsonEvidence<ArtifactEntry[]>(context, deploy.artifact.listDigest)
  const manifest = await readManifest(session, folder)
  const made = { runId, deployedAt: readDeployedAt(manifest) }
  const expected = formatManifest(made, deploy, planDigest, entries)
  const wrong = inPlace ? listManifestFaults(manifest, expected) : []
  if (wrong.length > 0) throw changedError(runId, folder, wrong)
  return {
    ...located,
    removes: [...listDeployedEntries(entries, deploy), manifestEntry(expected)].map(withoutSize),
    built: builtDigest === null ? [] : await readJsonEvidence<string[]>(context, builtDigest),
  }
}

/**
 * The folders outside of the target that this rollback removes. Where another release is in force, its program uses them, empty or not. A
 * staging folder is there only of a deploy that did not end, and knows what that made.
 */
const listOutside = (
  deploy: DeployPlan,
  { stays, pointer }: Pick<LocatedDeploy, 'stays' | 'pointer'>,
  isStaged: boolean,
) => (stays || (deploy.pointer !== null && pointer === null && !isStaged) ? [] : listMade(deploy.outside))

const withoutSize = ({ size: _, ...entry }: ArtifactEntry): RemovedPath => entry

const manifestEntry = (text: string): ArtifactEntry => ({
  path: MANIFEST_NAME,
  type: 'file',
  mode: 0o644,
  size: 0,
  sha256: sha256(text),
})

/**
 * The host's key and its own id must be those of the deploy. Its name and address may have changed.
 * @param otherWay what else helps where the host is another one
 * @throws STOP_DRIFT for another host
 */
export async function assertSameHost(
  session: HostSession,
  context: EffectContext,
  runId: string,
  deploy: DeployPlan,
  otherWay = '',
): Promise<RollbackPlan['host']> {
  const facts = await surveyFacts(session, context.now)
  const { hostname, machineId, user, uid, kernel, machine } = facts
  const { type, fingerprint } = session.host.hostKey
  const hostKey = `${type} ${fingerprint}`
  const { name } = deploy.host
  if (hostKey === deploy.host.hostKey && machineId === deploy.host.machineId)
    return { name, address: session.host.address, hostKey, hostname, machineId, user, uid, kernel, machine }
  throw new Stop(
    'STOP_DRIFT',
    `${session.host.address} with ${hostKey} is not the host to which run ${runId} deployed (${deploy.host.address}, ${deploy.host.hostKey}); nothing was touched`,
    { next: `make ${name} lead to that host in ~/.ssh/config, then: cutter run resume <run>${otherWay}` },
  )
}

async function readState(session: HostSession, runId: string, { place, pointer }: DeployPlan) {
  const asked = readPromoteState(place.staging, place.target, runId, pointer?.path, pointer?.to)
  const { exitCode, stdout } = await session.run(asked)
  if (exitCode === EXIT.busy) throw occupiedError('an earlier command of a run is still working on the host')
  return parsePairs(stdout.toString('utf8'))
}

/**
 * The backup of the version that the deploy replaced, with the files that it had then; null where the deploy replaced none, or it is back
 * already.
 */
async function findBackup(
  session: HostSession,
  { place, checks, expected }: DeployPlan,
  runId: string,
  state: { [key: string]: string },
  inPlace: boolean,
): Promise<string | null> {
  if (place.strategy !== 'replace') return null
  const backup = backupOf(place, runId)
  if (state.backup !== 'yes') {
    if (!inPlace) return null
    throw new Stop(
      'STOP_DRIFT',
      `${backup}, the version that run ${runId} replaced, is gone, so that there is nothing to go back to; nothing was touched`,
      { next: 'restore it there, then: cutter run resume <run>; or deploy the earlier commit again' },
    )
  }
  const now = (await surveyAnchors(session, { ...place, previous: [backup], live: backup }, checks.mutable))
    .previous[0]!
  const was = expected.previous.find(({ path }) => path === place.target)
  if (was === undefined || (was.treeHash === now.treeHash && was.shapeHash === now.shapeHash)) return backup
  throw new Stop(
    'STOP_DRIFT',
    `${backup} is not as it was when run ${runId} replaced it: its files have other bytes, modes or owners; nothing was touched`,
    { next: 'restore it, then: cutter run resume <run>' },
  )
}

/**
 * A link to the target means that it is in use, and the link would lead nowhere. Only the deploy's own pointer can be turned. Where an
 * earlier version comes back to the target, a link leads to that.
 */
async function assertNotInUse(session: HostSession, { place, pointer }: DeployPlan): Promise<void> {
  const { parent, target } = place
  const links = (await session.text(findLinksTo(parent, target))).split('\0').filter((link) => link !== '')
  const own = pointer !== null && (await session.text(readPointer(pointer.path))).trim() === pointer.to
  const others = links.filter((link) => !(own && link === pointer.path))
  if (others.length === 0 || (place.strategy === 'replace' && !others.includes(target))) return
  if (others.includes(target))
    throw new Stop(
      'STOP_DRIFT',
      `${target} is a link by now, not the folder that was deployed; nothing was touched`,
      { next: 'restore the folder there, then: cutter run resume <run>' },
    )
  throw new Stop(
    'STOP_DRIFT',
    `${others.join(', ')} leads to ${target}, which is in use; nothing was touched`,
    { next: `make it lead elsewhere, then: cutter run resume <run>` },
  )
}

const occupiedError = (why: string) =>
  new Stop('STOP_DRIFT', `${why}; nothing was touched`, {
    next: 'wait for it, then: cutter run resume <run>',
  })

function nothingLeftError(runId: string, target: string, there = 'absent'): Stop {
  const what = there === 'absent' ? 'is missing' : 'holds something else'
  return new Stop(
    'STOP_REFUSED_INPUT',
    `run ${runId} left nothing to roll back: ${target} ${what}; nothing was touched`,
    { next: 'cutter run cancel <run> --reason …' },
  )
}

function changedError(runId: string, folder: string, lines: string[]): Stop {
  const more = lines.length > 5 ? ` (and ${lines.length - 5} more)` : ''
  return new Stop(
    'STOP_DRIFT',
    `${folder} is not as run ${runId} left it: ${lines.slice(0, 5).join('; ')}${more}; nothing was touched`,
    {
      next: 'restore it, then: cutter run resume <run>',
      data: { differences: lines.slice(0, 100) },
    },
  )
}
