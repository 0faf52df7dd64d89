import { posix } from 'node:path'
import type { z } from 'zod'
import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import type { Tools } from '../../tools/open-tools.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import { planActivation } from './activation.ts'
import { type AdoptedRelease, type KnownRelease, surveyAdopted } from './adopted-release.ts'
import type { ArtifactEntry } from './artifact-entry.ts'
import type { ArtifactFacts } from './check-artifact.ts'
import type { Checks } from './checks-file.ts'
import type { HostSession } from './host-session.ts'
import { type Anchors, type HostFacts, surveyAnchors, surveyFacts } from './host-survey.ts'
import { findOldReleases, type OldRelease } from './old-releases.ts'
import { type OutsideFolder, surveyOutside, withOutside } from './outside-folders.ts'
import { type DeployPaths, type pathsInput, readPathsInput, resolvePaths } from './paths.ts'
import { judge, type PreflightFinding, warn } from './preflight-check.ts'
import { findNeeds } from './preflight-needs.ts'
import { readPointer } from './read-commands.ts'
import { findReleaseChanges, type ReleaseChanges, readRunning } from './release-changes.ts'
import { findLeftInBackup } from './replaced-version.ts'
import type { Source } from './resolve-source.ts'
import { type PreflightResult, runPreflight } from './run-preflight.ts'
import { findMissingShared } from './shared-paths.ts'
import { reportStage } from './stages.ts'
import { findSudoFaults } from './sudo-commands.ts'

/** The state of the host before a deploy. Together with source and artifact, a plan is made from it. */
export interface DeploySurvey extends PreflightResult {
  /** `hostKey`: type and fingerprint. */
  host: { name: string; address: string; hostKey: string }
  facts: HostFacts
  place: DeployPaths
  /** Where the pointer of a release leads now; '' when there is none. */
  pointerFrom: string
  anchors: Anchors
  /** The old releases that the deploy removes. Surveys of earlier versions have none. */
  old?: OldRelease[]
  /** The folders outside of the target that the checks file declares. */
  outside?: OutsideFolder[]
  /** The adopted releases on which the deploy builds. Surveys of earlier versions have none. */
  known?: KnownRelease[]
  /** What changes against the release that runs now; null where none has a manifest. */
  changes?: ReleaseChanges | null
}

interface SurveyInput extends z.infer<typeof pathsInput> {
  tools: Tools
  adopted: AdoptedRelease[]
  source: Source
  artifact: ArtifactFacts
  checks: Checks
}

/** Surveys the host: its facts, the findings of the preflight, and the anchors of what must stay as it is. */
export async function surveyDeploy(
  session: HostSession,
  context: EffectContext,
  given: SurveyInput,
): Promise<DeploySurvey> {
  const asked = resolvePaths(readPathsInput(given), given.source)
  const [facts, pointer] = await Promise.all([
    surveyFacts(session, context.now),
    asked.pointer === null ? null : session.run(readPointer(asked.pointer.path)),
  ])
  const pointerFrom = pointer?.stdout.toString('utf8').trim() ?? ''
  const { artifact, checks } = given
  const { outside: declared = [] } = checks.skeleton
  const place = withOutside(withPrevious(asked, pointerFrom), declared)
  const { runId } = context
  // Reads of a host side by side take the time of the longest.
  const [preflight, needs, shared, besides, sudo, left, anchors, old, changes] = await Promise.all([
    runPreflight(session, { place, facts, artifact, checks, runId }),
    findNeeds(session, place.parent, checks),
    findSharedFaults(session, place.parent, checks.shared),
    surveyOutside(session, place, declared),
    findSudoFaults(session, checks),
    findLeftInBackup(session, place),
    surveyAnchors(session, place, checks.mutable),
    findOldReleases(session, place, pointerFrom, checks.keep),
    surveyChanges(session, context, given, place),
  ])
  const { address, hostKey } = session.host
  const host = { name: given.host, address, hostKey: `${hostKey.type} ${hostKey.fingerprint}` }
  const known = await surveyAdopted(session, given.adopted, {
    host: { ...host, machineId: facts.machineId },
    place,
    old,
    mutable: checks.mutable,
  })
  const { findings, ...found } = preflight
  if (pointer !== null && pointer.exitCode !== 0)
    findings.push(judge('pointer', false, '', `${place.pointer?.path} exists and is not a link`))
  findings.push(...needs, ...shared, ...besides.findings, ...sudo, ...left, ...known.findings)
  if (
    checks.activate !== undefined &&
    planActivation(checks, place, place.pointer && { ...place.pointer, from: pointerFrom })?.back === null
  )
    findings.push(
      warn(
        'activate',
        'nothing takes it back: it has no inverse, and there is no earlier release to activate again',
      ),
    )
  return {
    host,
    facts,
    place,
    pointerFrom,
    ...found,
    findings: [...findings, ...listAnchorFaults(anchors, place)],
    anchors,
    old,
    outside: besides.outside,
    ...(known.known.length === 0 ? {} : { known: known.known }),
    changes,
  }
}

async function surveyChanges(
  session: HostSession,
  context: EffectContext,
  { source, artifact, checks, tools }: SurveyInput,
  place: DeployPaths,
): Promise<ReleaseChanges | null> {
  const running = await readRunning(session, place)
  if (running === null) return null
  const entries = await readJsonEvidence<ArtifactEntry[]>(context, artifact.listDigest)
  const skeleton = Object.keys(checks.skeleton.files)
  return findReleaseChanges(running, entries, source, { tools, signal: context.signal, skeleton })
}

/** Unless previous versions are named, a release replaces what its pointer leads to. That one is live, and may write besides. */
function withPrevious(asked: DeployPaths, from: string): DeployPaths {
  if (asked.previous.length > 0 || asked.pointer === null || from === '') return asked
  const live = posix.resolve(posix.dirname(asked.pointer.path), from)
  return { ...asked, previous: [live], live }
}

/** Cutter makes no shared path itself, because no rollback could tell what else came into it. */
async function findSharedFaults(
  session: HostSession,
  parent: string,
  shared: string[],
): Promise<PreflightFinding[]> {
  if (shared.length === 0) return []
  const missing = (await session.text(findMissingShared(parent, shared))).split('\0').slice(0, -1)
  if (missing.length === 0) return [judge('shared', true, shared.join(', '), '')]
  return missing.map((path) => judge('shared', false, '', `${path} is missing: make it on the host`))
}

/** A named previous version that is missing is a mistake. For one that can't be read completely, the anchor proves nothing. */
function listAnchorFaults({ previous }: Anchors, { target }: DeployPaths): PreflightFinding[] {
  return previous.flatMap(({ path, present, unread }): PreflightFinding[] => {
    // The finding about the target has that already.
    if (!present && path === target) return []
    if (!present) return [judge('previous', false, '', `${path}, which must stay as it is, is missing`)]
    return unread === '' ? [] : [warn('previous', `${path} can't be read completely: ${unread}`)]
  })
}

/**
 * Refuses a survey whose preflight found faults. Warnings pass.
 * @throws STOP_PREFLIGHT_FAILED when a finding of the preflight is `fail`, with all such findings
 */
export function assertPreflightPassed({ findings, place }: DeploySurvey): void {
  const failed = findings.filter(({ status }) => status === 'fail')
  if (failed.length === 0) return
  const all = failed.map(({ check, message }) => `${check}: ${message}`).join('; ')
  throw new Stop(
    'STOP_PREFLIGHT_FAILED',
    `${place.target} can't be deployed to: ${all}; the host was not touched`,
    {
      next: 'correct these, then: cutter run resume <run>',
      data: { findings: findings as unknown as Json },
    },
  )
}

/** The report of stage G3: the warnings, versions and anchors, and how far the plan is. */
export function reportPreflight({ findings, place, anchors, versions }: DeploySurvey, more: string) {
  const warnings = findings
    .filter(({ status }) => status === 'warn')
    .map(({ check, message }) => `${check}: ${message}`)
  const why = `${findings.length} findings, ${warnings.length} of them warnings; ${more}`
  return reportStage('G3', 'PASS', why, {
    strategy: place.strategy,
    target: place.target,
    warnings,
    versions,
    previous: anchors.previous.map(({ path, treeHash }) => `${path} ${treeHash}`),
  })
}
