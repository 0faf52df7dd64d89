import { posix } from 'node:path'
import { Stop } from '../../domain/errors.ts'
import { type AdoptedRelease, liesOn, listAdoptedFaults } from '../deploy/adopted-release.ts'
import type { HostSession } from '../deploy/host-session.ts'
import { createIsMutable } from '../deploy/mutable-paths.ts'
import type { DeployPlan } from '../deploy/plan.ts'
import { folderExists, readPointer } from '../deploy/read-commands.ts'
import { listReleases, nameOfRelease, readChangedFiles } from '../deploy/releases.ts'
import type { WayBack } from '../deploy/switch-commands.ts'
import type { RollbackPlan } from './plan.ts'

type Found = Pick<RollbackPlan, 'pointer' | 'back' | 'stays' | 'removesAbove'>

/**
 * Where the pointer goes, and how the program there is made live again.
 * @throws STOP_DRIFT when the release to which it would go is missing or changed. @throws STOP_REFUSED_INPUT when `to` fits no release.
 */
export async function findWayBack(
  session: HostSession,
  deploy: DeployPlan,
  to: string | null,
  adopted: AdoptedRelease[],
): Promise<Found> {
  const { pointer, activation } = deploy
  if (to !== null) return findRelease(session, deploy, to, adopted)
  if (pointer === null)
    return { pointer: null, back: activation?.back ?? null, stays: false, removesAbove: false }
  const { path, from, to: own, makesAbove } = pointer
  const now = await readNow(session, path)
  if (now !== own) return { pointer: null, back: null, stays: false, removesAbove: makesAbove }
  const before = posix.resolve(posix.dirname(path), from)
  if (from !== '' && (await session.run(folderExists(before))).exitCode !== 0) {
    throw new Stop(
      'STOP_DRIFT',
      `${path} would go back to ${from}, which is no longer there; nothing was touched`,
      { next: `cutter run rollback <run> --to <release>, or make ${path} lead to another release` },
    )
  }
  const back = activation?.back ?? null
  return { pointer: { path, now, back: from }, back, stays: false, removesAbove: makesAbove }
}

const readNow = async (session: HostSession, path: string) =>
  (await session.run(readPointer(path))).stdout.toString('utf8').trim()

/** Another release by its name: only the pointer goes there. Its files must be those that were deployed. */
async function findRelease(
  session: HostSession,
  { place, pointer, checks, activation, host }: DeployPlan,
  to: string,
  adopted: AdoptedRelease[],
) {
  if (pointer === null)
    throw refusedError('the deploy has no releases, so there is none to go to', 'cutter run rollback <run>')
  const now = await readNow(session, pointer.path)
  if (now !== pointer.to)
    throw refusedError(
      `${pointer.path} leads to ${now || 'nothing'}, not to the release of this deploy`,
      'name the run whose release is in force',
    )
  const releases = await listReleases(session, place.parent)
  const others = releases.filter(({ path }) => path !== now)
  const release = others.find((one) => [one.path, nameOfRelease(one), one.run].includes(to))
  if (release === undefined) {
    const names = others.map(nameOfRelease).join(', ')
    throw refusedError(`there is no other release ${to}`, names === '' ? 'there is none' : `one of: ${names}`)
  }
  const folder = posix.join(place.parent, release.path)
  const known = adopted.find((one) => one.target === folder && liesOn(one, host) && one.run === release.run)
  const isMutable = createIsMutable(checks.mutable)
  const changed =
    known === undefined
      ? (await readChangedFiles(session, folder)).filter((path) => !isMutable(path))
      : await listAdoptedFaults(session, known, checks.mutable)
  if (changed.length > 0)
    throw new Stop(
      'STOP_DRIFT',
      `${release.path} is not as it was deployed: ${changed.slice(0, 5).join(', ')}; nothing was touched`,
      { next: 'restore that, or name another release in another run' },
    )
  return {
    pointer: { path: pointer.path, now, back: release.path },
    back: activation === null ? null : wayBackTo(folder, checks, activation),
    stays: true,
    removesAbove: false,
  }
}

const wayBackTo = (
  folder: string,
  { activate }: DeployPlan['checks'],
  { run, timeoutSeconds }: NonNullable<DeployPlan['activation']>,
): WayBack => ({ run: activate?.inverse ?? run, folder, timeoutSeconds })

const refusedError = (why: string, next: string) =>
  new Stop('STOP_REFUSED_INPUT', `${why}; nothing was touched`, { next })

/**
 * Protects the way back of another release.
 * @throws STOP_DRIFT when the manifest of another release names this one as its way back.
 */
export async function assertNoWayBack(session: HostSession, { place, pointer }: DeployPlan): Promise<void> {
  if (pointer === null) return
  const releases = await listReleases(session, place.parent)
  const other = releases.find(({ path, wayBack }) => wayBack === pointer.to && path !== pointer.to)
  if (other === undefined) return
  throw new Stop(
    'STOP_DRIFT',
    `${pointer.to} is the way back of ${other.path}, of run ${other.run}; nothing was touched`,
    { next: `roll that back first: cutter run rollback ${other.run}` },
  )
}
