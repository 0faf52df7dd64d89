import { posix } from 'node:path'
import { z } from 'zod'
import { sha256 } from '../../domain/json.ts'
import type { Run } from '../../domain/run.ts'
import { MANIFEST_NAME } from './artifact-rules.ts'
import type { HostSession } from './host-session.ts'
import { createIsMutable } from './mutable-paths.ts'
import type { OldRelease } from './old-releases.ts'
import type { DeployPaths } from './paths.ts'
import { judge, type PreflightFinding } from './preflight-check.ts'
import { readFile } from './read-commands.ts'
import { readChangedFiles } from './releases.ts'
import { MAX_LISTING_BYTES } from './tree-listing.ts'

/** A release that another home deployed, as a run of the machine `adopt` recognised it. */
const adoptedRelease = z.object({
  /** The deploy, in its own home, and the digests of its plan and of the list of what its build made. */
  run: z.string(),
  plan: z.string(),
  built: z.string().nullable(),
  /** SHA-256 of the evidence bundle, and whom of this home's signers it relies on. */
  bundle: z.string(),
  signers: z.array(z.string()),
  commit: z.string(),
  /** `name`: in this home. */
  host: z.object({ name: z.string(), hostKey: z.string(), machineId: z.string() }),
  /** Absolute path on the host. */
  target: z.string(),
  /** SHA-256 of its DEPLOY-MANIFEST.txt. */
  manifest: z.string(),
  /** Of a deploy to several hosts: the digest of the plan of all of them, and the name of this host in it. Left out for one host. */
  of: z.object({ plan: z.string(), host: z.string() }).optional(),
})
export type AdoptedRelease = z.infer<typeof adoptedRelease>

/** What a plan says of an adopted release on which it builds. */
export interface KnownRelease extends Pick<AdoptedRelease, 'run' | 'plan' | 'bundle' | 'manifest'> {
  /** Absolute path on the host. */
  path: string
}

const adoptReport = z.looseObject({ adopted: z.union([adoptedRelease, z.array(adoptedRelease)]) })

/**
 * What a run of the machine `adopt` recognised: one release, or of a deploy to several hosts one for each, in the order of its plan. Empty for a
 * run that recognised nothing.
 */
export function readAdopted({
  machine,
  outcome,
  output,
}: Pick<Run, 'machine' | 'outcome' | 'output'>): AdoptedRelease[] {
  if (machine !== 'adopt' || outcome !== 'succeeded') return []
  const adopted = adoptReport.safeParse(output).data?.adopted ?? []
  return Array.isArray(adopted) ? adopted : [adopted]
}

/** Whether a release lies on a host. Hosts that were made from one image may share a key, and several hosts share their paths. */
export const liesOn = (
  { host }: Pick<AdoptedRelease, 'host'>,
  { hostKey, machineId }: Pick<AdoptedRelease['host'], 'hostKey' | 'machineId'>,
): boolean => host.hostKey === hostKey && host.machineId === machineId

/** The text of the manifest in a folder on the host; '' where there is none. */
export async function readManifest(session: HostSession, folder: string): Promise<string> {
  const { stdout } = await session.run(readFile(`${folder}/${MANIFEST_NAME}`), {
    maxOutputBytes: MAX_LISTING_BYTES,
  })
  return stdout.toString('utf8')
}

/** What differs between an adopted release on its host and its evidence bundle, one line for each; empty when nothing does. */
export async function listAdoptedFaults(
  session: HostSession,
  { run, target, manifest }: Pick<AdoptedRelease, 'run' | 'target' | 'manifest'>,
  mutable: string[],
): Promise<string[]> {
  if (sha256(await readManifest(session, target)) !== manifest)
    return [`its ${MANIFEST_NAME} is not the one of the evidence bundle of run ${run}`]
  const isMutable = createIsMutable(mutable)
  const changed = (await readChangedFiles(session, target)).filter((path) => !isMutable(path))
  return changed.map((path) => `${path} is not as run ${run} deployed it`)
}

/**
 * Examines the adopted releases on which a deploy builds: the previous versions, and the old releases that it removes. Each must be what its
 * evidence bundle says.
 */
export async function surveyAdopted(
  session: HostSession,
  adopted: AdoptedRelease[],
  given: {
    host: Pick<AdoptedRelease['host'], 'hostKey' | 'machineId'>
    place: Pick<DeployPaths, 'parent' | 'previous'>
    old: OldRelease[]
    mutable: string[]
  },
): Promise<{ known: KnownRelease[]; findings: PreflightFinding[] }> {
  const { host, place, old, mutable } = given
  const built = [...place.previous, ...old.map(({ path }) => posix.join(place.parent, path))]
  const met = adopted.filter((one) => built.includes(one.target) && liesOn(one, host))
  const known: KnownRelease[] = []
  const findings: PreflightFinding[] = []
  for (const one of met) {
    const { run, plan, bundle, manifest, target } = one
    const faults = await listAdoptedFaults(session, one, mutable)
    const fault = `${target}: ${faults.slice(0, 5).join('; ')}; restore it, or adopt what is there: cutter run adopt <bundle>`
    known.push({ path: target, run, plan, bundle, manifest })
    findings.push(
      judge('adopted', faults.length === 0, `${target} is what run ${run} of another home deployed`, fault),
    )
  }
  return { known, findings }
}
