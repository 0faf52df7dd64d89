import { posix } from 'node:path'
import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { sha256 } from '../../domain/json.ts'
import { MANIFEST_NAME } from '../deploy/artifact-rules.ts'
import {
  findManifestFaults,
  formatManifest,
  listDeployedEntries,
  readDeployedAt,
} from '../deploy/deploy-manifest.ts'
import { readEvidenceJson } from '../deploy/deps.ts'
import type { HostSession } from '../deploy/host-session.ts'
import { surveyFacts } from '../deploy/host-survey.ts'
import type { DeployPlan } from '../deploy/plan.ts'
import {
  findLinksTo,
  folderExists,
  parsePairs,
  readFile,
  readPointer,
  readPromoteState,
} from '../deploy/read-commands.ts'
import type { ArtifactEntry } from '../deploy/scan-artifact.ts'
import {
  compareTree,
  isCache,
  listTree,
  MAX_LISTING_BYTES,
  type TreeListing,
} from '../deploy/tree-listing.ts'
import { EXIT } from '../deploy/write-commands.ts'
import type { LocatedDeploy, RemovedPath, RollbackPlan } from './plan.ts'

/** What of a deploy is on its host, compared whole with what was deployed. Stops at whatever differs. */
export async function locateDeploy(
  hand: HostSession,
  context: EffectContext,
  runId: string,
  planDigest: string,
  deploy: DeployPlan,
): Promise<LocatedDeploy> {
  const { staging, target } = deploy.place
  const host = await sameHost(hand, context, runId, deploy)
  const state = await stateOf(hand, runId, deploy)
  const inPlace = state.manifest === 'yes'
  if (state.staging === 'yes' && state.mine === 'no')
    throw refused(`${staging} on the host belongs to another run, which may be at work there`)
  if (!inPlace && state.withdrawn !== 'yes') throw gone(runId, target, state.target)
  if (inPlace) await refuseInUse(hand, deploy)

  const folder = inPlace ? target : `${staging}/withdrawn`
  const contents = await listTree(hand, folder)
  const manifest = contents.has(MANIFEST_NAME)
    ? await hand.text(readFile(`${folder}/${MANIFEST_NAME}`), { maxOutputBytes: MAX_LISTING_BYTES })
    : ''
  const entries = await readEvidenceJson<ArtifactEntry[]>(context, deploy.artifact.listDigest)
  const made = { runId, deployedAt: readDeployedAt(manifest) }
  const expected = formatManifest(made, deploy, planDigest, entries)
  const list: RemovedPath[] = [
    ...listDeployedEntries(entries, deploy.checks.skeleton),
    manifestEntry(expected),
  ].map(({ path, type, mode, sha256, target }) => ({
    ...{ path, type, mode },
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(target === undefined ? {} : { target }),
  }))
  const { faults, missing, caches } = compareRemovals(list, contents)
  const wrong = inPlace ? [...findManifestFaults(manifest, expected), ...faults, ...missing] : faults
  if (wrong.length > 0) throw changed(runId, folder, wrong)
  return {
    host,
    found: inPlace ? 'in its place' : 'withdrawn',
    ...(await pointerOf(hand, deploy)),
    removes: [...list, ...caches],
  }
}

const manifestEntry = (text: string): ArtifactEntry => {
  return { path: MANIFEST_NAME, type: 'file', mode: 0o644, size: 0, sha256: sha256(text) }
}

/** What a tree holds against what it must hold: everything else that is there is a fault, but for caches. */
export function compareRemovals(
  list: RemovedPath[],
  contents: TreeListing,
): { faults: string[]; missing: string[]; caches: RemovedPath[] } {
  const { faults, missing, besides } = compareTree(list, contents)
  const others = besides.filter((path) => !isCache(path, contents))
  const caches = besides
    .filter((path) => isCache(path, contents))
    .map((path): RemovedPath => {
      const { type, mode, sha256 } = contents.get(path)!
      const kind = type === 'd' ? 'directory' : 'file'
      return {
        path,
        type: kind,
        mode: Number.parseInt(mode, 8),
        ...(sha256 === null ? {} : { sha256 }),
        cache: true,
      }
    })
  return { faults: [...faults, ...others.map((path) => `${path} came besides`)], missing, caches }
}

/** The host of the deploy is known again by its key and its own id; its name and address may be others by now. */
async function sameHost(
  hand: HostSession,
  context: EffectContext,
  runId: string,
  deploy: DeployPlan,
): Promise<RollbackPlan['host']> {
  const facts = await surveyFacts(hand, context.now)
  const { hostname, machineId, user, uid, kernel, machine } = facts
  const { type, fingerprint } = hand.host.hostKey
  const hostKey = `${type} ${fingerprint}`
  const { name } = deploy.host
  if (hostKey === deploy.host.hostKey && machineId === deploy.host.machineId)
    return { name, address: hand.host.address, hostKey, hostname, machineId, user, uid, kernel, machine }
  throw new Stop(
    'STOP_DRIFT',
    `${hand.host.address} with ${hostKey} is not the host to which run ${runId} deployed (${deploy.host.address}, ${deploy.host.hostKey}); nothing was touched`,
    { next: `let ${name} lead to that host again in ~/.ssh/config, then: cutter run resume <run>` },
  )
}

async function stateOf(hand: HostSession, runId: string, { place, pointer }: DeployPlan) {
  const asked = readPromoteState(place.staging, place.target, runId, pointer?.path, pointer?.to)
  const { exitCode, stdout } = await hand.run(asked)
  if (exitCode === EXIT.busy) throw refused('an earlier command of a run still works on the host')
  return parsePairs(stdout.toString('utf8'))
}

/** The release before must still be there, or nothing would be in force afterwards. */
async function pointerOf(
  hand: HostSession,
  { pointer }: DeployPlan,
): Promise<Pick<RollbackPlan, 'pointer' | 'removesAbove'>> {
  if (pointer === null) return { pointer: null, removesAbove: false }
  const { path, from, to, makesAbove } = pointer
  const now = (await hand.run(readPointer(path))).stdout.toString('utf8').trim()
  if (now !== to) return { pointer: null, removesAbove: makesAbove }
  const before = posix.resolve(posix.dirname(path), from)
  if (from !== '' && (await hand.run(folderExists(before))).exitCode !== 0) {
    throw new Stop(
      'STOP_DRIFT',
      `${path} would go back to ${from}, which is no longer there; nothing was touched`,
      { next: `let ${path} lead to another release, then: cutter run resume <run>` },
    )
  }
  return { pointer: { path, now, back: from }, removesAbove: makesAbove }
}

/** What leads there is in use, and would lead nowhere; only the deploy's own pointer is ours to set back. */
async function refuseInUse(hand: HostSession, { place, pointer }: DeployPlan): Promise<void> {
  const { parent, target } = place
  const links = (await hand.text(findLinksTo(parent, target))).split('\0').filter((link) => link !== '')
  const own = pointer !== null && (await hand.text(readPointer(pointer.path))).trim() === pointer.to
  const others = links.filter((link) => !(own && link === pointer.path))
  if (others.length === 0) return
  if (others.includes(target))
    throw new Stop(
      'STOP_DRIFT',
      `${target} is a link by now, not the folder that was deployed; nothing was touched`,
      { next: 'put the folder back there, then: cutter run resume <run>' },
    )
  throw new Stop(
    'STOP_DRIFT',
    `${others.join(', ')} leads to ${target}, which is in use; nothing was touched`,
    { next: `let it lead elsewhere, then: cutter run resume <run>` },
  )
}

const refused = (why: string) =>
  new Stop('STOP_DRIFT', `${why}; nothing was touched`, {
    next: 'wait for it, then: cutter run resume <run>',
  })

function gone(runId: string, target: string, there = 'absent'): Stop {
  const what = there === 'absent' ? 'is not there' : 'holds something else'
  return new Stop(
    'STOP_REFUSED_INPUT',
    `there is nothing of run ${runId} to take back: ${target} ${what}; nothing was touched`,
    { next: 'cutter run cancel <run> --reason …' },
  )
}

function changed(runId: string, folder: string, lines: string[]): Stop {
  const more = lines.length > 5 ? ` (and ${lines.length - 5} more)` : ''
  return new Stop(
    'STOP_DRIFT',
    `${folder} is not as run ${runId} left it: ${lines.slice(0, 5).join('; ')}${more}; nothing was touched`,
    {
      next: 'move away what came besides and put back what changed, then: cutter run resume <run>',
      data: { differences: lines.slice(0, 100) },
    },
  )
}
