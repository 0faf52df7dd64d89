import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import type { ArtifactEntry } from './artifact-entry.ts'
import { MANIFEST_NAME } from './artifact-rules.ts'
import { type Artifact, buildArtifact } from './build-artifact.ts'
import { formatManifest } from './deploy-manifest.ts'
import type { DeployDeps } from './deps.ts'
import type { HostSession } from './host-session.ts'
import { takeArtifact } from './kept-artifact.ts'
import { makeStaging } from './make-staging.ts'
import type { DeployPlan } from './plan.ts'
import type { Source } from './resolve-source.ts'
import { compareTree, listShape } from './tree-listing.ts'
import * as write from './write-commands.ts'

/**
 * Builds the artifact of the plan again, unless the last check at the gate has just done so. The caller disposes of it.
 * @throws STOP_DRIFT when the commit does not give the planned bytes.
 */
export async function buildPlannedArtifact(
  { tools }: Pick<DeployDeps, 'tools'>,
  context: EffectContext,
  plan: DeployPlan,
  sourceDigest: string,
): Promise<Artifact> {
  const ready = takeArtifact(plan.artifact.sha256)
  if (ready !== null) return ready
  const source = await readJsonEvidence<Source>(context, sourceDigest)
  const entries = await readJsonEvidence<ArtifactEntry[]>(context, plan.artifact.listDigest)
  // The approved bytes were scanned, and others are refused below.
  const known = { sha256: plan.artifact.sha256, entries, findings: [] }
  const artifact = await buildArtifact(source, {
    tools,
    signal: context.signal,
    allow: plan.checks.allow,
    known,
  })
  if (artifact.sha256 === plan.artifact.sha256) return artifact
  await artifact.dispose()
  throw new Stop(
    'STOP_DRIFT',
    `commit ${source.commit} now gives the artifact ${artifact.sha256}, approved was ${plan.artifact.sha256}; nothing was sent`,
    {
      next: 'another version of git may write another tar; cancel the run and start another one here',
    },
  )
}

/**
 * Sends the artifact into staging, where it is extracted while it is hashed. Compares its hash, then what is there with the artifact, and adds
 * the manifest, without which nothing is promoted.
 */
export async function sendArtifact(
  session: HostSession,
  context: EffectContext,
  plan: DeployPlan,
  planDigest: string,
  artifact: Artifact,
): Promise<void> {
  const { runId } = context
  const { staging } = plan.place
  await makeStaging(session, staging, runId)
  context.progress(`sends ${artifact.bytes} bytes`)
  const { sha256 } = await session.put(
    artifact.file,
    write.stagedFile(staging, runId, 'artifact.tar'),
    0o600,
    write.extract(staging, runId),
  )
  if (sha256 !== artifact.sha256) throw new Error(`the host received ${sha256}, sent was ${artifact.sha256}`)
  // The bytes are those of the tar. Integrity hashes each file once everything has run.
  const tree = await listShape(session, `${staging}/tree`)
  const { faults, missing, besides } = compareTree(artifact.entries, tree)
  const wrong = [...faults, ...missing, ...besides.map((path) => `${path} is not in the artifact`)]
  if (wrong.length > 0)
    throw new Error(`the extracted tree differs from the artifact: ${wrong.slice(0, 5).join('; ')}`)
  const made = { runId, deployedAt: context.now().toISOString() }
  const manifest = formatManifest(made, plan, planDigest, artifact.entries)
  await session.putText(manifest, write.stagedFile(staging, runId, `tree/${MANIFEST_NAME}`), 0o644)
}
