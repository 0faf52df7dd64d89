import { z } from 'zod'
import type { EffectContext, ReadEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { type Evidence, jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { buildArtifact } from '../build-artifact.ts'
import { readEvidenceJson } from '../deps.ts'
import type { ArtifactFacts } from '../plan.ts'
import type { Source } from '../resolve-source.ts'
import type { ArtifactFinding } from '../scan-artifact.ts'
import { reportStage } from '../stages.ts'
import { hashTree } from '../tree-hashes.ts'
import { readPinnedChecks } from './source.ts'

const input = z.object({ sourceDigest: z.string(), checksDigest: z.string() })
const output = z.looseObject({ artifactDigest: z.string() })

/** G2: the artifact is built, scanned and hashed; only its list is kept, since the commit gives the same bytes again. */
export function artifact(): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'artifact',
    kind: 'read',
    input,
    output,
    async execute(context, { sourceDigest, checksDigest }) {
      const source = await readEvidenceJson<Source>(context, sourceDigest)
      const { allow } = await readPinnedChecks(context, checksDigest)
      const { facts, warnings, evidence } = await checkArtifact(context, source, allow)
      const said = reportStage(
        'G2',
        'PASS',
        `${facts.files} files, ${facts.bytes} bytes, nothing in it that must not be`,
        {
          sha256: facts.sha256,
          treeHash: facts.treeHash,
          warnings: warnings.map(({ path, why }) => `${path} ${why}`),
        },
      )
      return {
        output: {
          artifactDigest: evidence[0].digest,
          report: { artifactSha256: facts.sha256, ...said.report },
        },
        evidence,
      }
    },
  }
}

export async function checkArtifact(
  context: EffectContext,
  source: Source,
  allow: string[],
): Promise<{ facts: ArtifactFacts; warnings: ArtifactFinding[]; evidence: [Evidence, Evidence] }> {
  const artifact = await buildArtifact(source, context.signal, allow)
  await artifact.dispose()
  const refused = artifact.findings.filter(({ severity }) => severity === 'refused')
  if (refused.length > 0) throw unclean(refused)
  if (!artifact.entries.some(({ type }) => type === 'file')) throw empty(source)
  const list = jsonEvidence('artifact/list', artifact.entries)
  const { sha256, bytes } = artifact
  const facts = { sha256, bytes, ...hashTree(artifact.entries), listDigest: list.digest }
  return { facts, warnings: artifact.findings, evidence: [jsonEvidence('artifact', facts), list] }
}

function empty({ commit, prefix }: Source): Stop {
  const where = prefix === '' ? '' : ` below ${prefix}`
  return new Stop(
    'STOP_ARTIFACT_UNCLEAN',
    `commit ${commit} holds no file${where}, or leaves all of them out of archives; the host was not touched`,
    { next: 'name another --commit in another run' },
  )
}

const TOLD = 5

function unclean(findings: ArtifactFinding[]): Stop {
  const told = findings.slice(0, TOLD).map(({ path, why }) => `${JSON.stringify(path)} ${why}`)
  const more = findings.length > TOLD ? ` (and ${findings.length - TOLD} more)` : ''
  return new Stop('STOP_ARTIFACT_UNCLEAN', `${told.join('; ')}${more}; the host was not touched`, {
    next: 'take it out of the commit; a secret that was ever committed has to be changed. What is meant to be there goes under allow in the checks file. Then start another run',
    data: { findings: findings.slice(0, 100) as unknown as Json },
  })
}
