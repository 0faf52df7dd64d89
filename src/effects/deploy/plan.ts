import { digestOf } from '../../domain/json.ts'
import type { Mode } from '../../domain/run.ts'
import type { Checks } from './checks-file.ts'
import type { HostCommand } from './host-session.ts'
import type { Anchor, Anchors, HostFacts } from './host-survey.ts'
import type { DeployPaths, ReleasePointer } from './paths.ts'
import type { PreflightResult as Preflight, PreflightFinding } from './preflight-checks.ts'
import { confirm, discard, extract, promote, skeleton, stage, withdrawTarget } from './write-commands.ts'

/** What the preflight found: what a plan is made of, beside source and artifact. */
export interface DeploySurvey extends Preflight {
  host: { name: string; address: string; hostKey: string }
  facts: HostFacts
  place: DeployPaths
  /** Where the pointer of a release leads now; '' when there is none. */
  pointerFrom: string
  anchors: Anchors
}

/** The artifact by its hashes, without its bytes: they can be built again from the commit. */
export interface ArtifactFacts {
  sha256: string
  bytes: number
  files: number
  treeHash: string
  shapeHash: string
  listDigest: string
}

/** A command as it will be sent; \`{run}\` stands for the run's id, which a plan doesn't hold. */
export type PlannedCommand = Pick<HostCommand, 'id' | 'argv'>

/**
 * What SG1 approves: the exact commands, what they send, what the host must look like before, and the way back. No run id, time or
 * random id, so that the same source and the same host give the same digest. The state of services and of neighbours is evidence beside it.
 */
export interface DeployPlan {
  type: 'cutter.plan.deploy/v1'
  machineVersion: string
  mode: Mode
  strategy: DeployPaths['strategy']
  host: DeploySurvey['host'] &
    Pick<HostFacts, 'hostname' | 'machineId' | 'user' | 'uid' | 'kernel' | 'machine'>
  source: { commit: string; tree: string; prefix: string }
  artifact: ArtifactFacts
  place: DeployPaths
  pointer: ReleasePointer | null
  commands: PlannedCommand[]
  rollback: PlannedCommand[]
  onFailure: 'rollback' | 'stop'
  /** Within which time the host must be reached again, or it goes back by itself; null: it doesn't ask. */
  confirmSeconds: number | null
  checks: Checks
  expected: { target: 'absent'; parent: string; previous: Anchor[]; warnings: string[] }
}

export const RUN_PLACEHOLDER = '{run}'

export function planDeploy(given: {
  machineVersion: string
  mode: Mode
  onFailure: DeployPlan['onFailure']
  confirmSeconds: number | null
  source: { commit: string; tree: string; prefix: string }
  artifact: ArtifactFacts
  checks: Checks
  survey: DeploySurvey
}): DeployPlan {
  const { survey, artifact, source, checks } = given
  const { place, facts, host } = survey
  const { hostname, machineId, user, uid, kernel, machine } = facts
  const pointer =
    place.pointer === null
      ? null
      : { ...place.pointer, from: survey.pointerFrom, makesAbove: survey.above === 'absent' }
  const { commit, tree, prefix } = source
  return {
    type: 'cutter.plan.deploy/v1',
    machineVersion: given.machineVersion,
    mode: given.mode,
    strategy: place.strategy,
    host: { ...host, hostname, machineId, user, uid, kernel, machine },
    source: { commit, tree, prefix },
    artifact,
    place,
    pointer,
    commands: commandsOf(place, pointer, artifact, checks, given.confirmSeconds),
    rollback: rollbackOf(place, pointer),
    onFailure: given.onFailure,
    confirmSeconds: given.confirmSeconds,
    checks,
    expected: {
      target: 'absent',
      parent: survey.canonical,
      previous: survey.anchors.previous,
      warnings: warningsOf(survey.findings),
    },
  }
}

function commandsOf(
  place: DeployPaths,
  pointer: ReleasePointer | null,
  { sha256 }: ArtifactFacts,
  { checks, rehearsal, skeleton: bones }: Checks,
  confirmSeconds: number | null,
): PlannedCommand[] {
  const { staging, target } = place
  const inTarget = (id: string, argv: string[]) => ({ id, argv })
  return [
    planned(stage(staging, RUN_PLACEHOLDER)),
    { id: 'send', argv: ['sftp', 'put', 'artifact.tar', `${staging}/artifact.tar`] },
    planned(extract(staging, RUN_PLACEHOLDER, sha256)),
    { id: 'send', argv: ['sftp', 'put', 'DEPLOY-MANIFEST.txt', `${staging}/tree/DEPLOY-MANIFEST.txt`] },
    planned(promote(staging, RUN_PLACEHOLDER, target, pointer, confirmSeconds)),
    ...(confirmSeconds === null ? [] : [planned(confirm(staging, RUN_PLACEHOLDER))]),
    planned(discard(staging, RUN_PLACEHOLDER)),
    ...checks.flatMap(({ name, needs, run, fallback }) => [
      ...(needs === undefined ? [] : [inTarget(`needs ${name}`, needs)]),
      inTarget(`check ${name}`, run),
      ...(fallback === undefined ? [] : [inTarget(`or else ${name}`, fallback.run)]),
    ]),
    ...(rehearsal === undefined ? [] : tried(rehearsal)),
    planned(skeleton(target, bones.folders, bones.files)),
  ]
}

function tried({ run, refused, counts }: NonNullable<Checks['rehearsal']>): PlannedCommand[] {
  const counting = (when: string) => (counts === undefined ? [] : [{ id: `counts ${when}`, argv: counts }])
  const live = refused === undefined ? [] : [{ id: 'live start', argv: refused }]
  return [...counting('before'), { id: 'rehearsal', argv: run }, ...live, ...counting('after')]
}

/** Only what this run makes is removed: each command asks the host whose it is. */
function rollbackOf({ staging, target }: DeployPaths, pointer: ReleasePointer | null): PlannedCommand[] {
  return [
    planned(stage(staging, RUN_PLACEHOLDER)),
    planned(withdrawTarget(staging, RUN_PLACEHOLDER, target, pointer)),
    planned(discard(staging, RUN_PLACEHOLDER)),
  ]
}

const planned = ({ id, argv }: HostCommand): PlannedCommand => ({ id, argv })

/** What was not quite as it should be, by name: a plan is approved with that in view. Free space and the clock move all the time. */
const warningsOf = (findings: PreflightFinding[]) =>
  findings.flatMap(({ check, status }) =>
    status === 'ok' || check === 'clock' ? [] : [`${check}: ${status}`],
  )

/** What differs between the approved plan and one made anew, a line each. */
export function findPlanDifferences(before: DeployPlan, now: DeployPlan): string[] {
  const lines: string[] = []
  const say = (what: string, was: unknown, is: unknown) => {
    if (digestOf(was) !== digestOf(is)) lines.push(`${what} was ${short(was)}, is ${short(is)}`)
  }
  for (const field of Object.keys(before.host) as (keyof DeployPlan['host'])[])
    say(`the host’s ${field}`, before.host[field], now.host[field])
  say('the commit', before.source.commit, now.source.commit)
  say('the artifact', before.artifact.sha256, now.artifact.sha256)
  say('the pointer', before.pointer, now.pointer)
  say('the checks', digestOf(before.checks), digestOf(now.checks))
  for (const [index, was] of before.expected.previous.entries()) {
    const is = now.expected.previous[index]
    for (const field of ['treeHash', 'shapeHash', 'owner', 'modifiedAt', 'gitHead', 'gitClean'] as const)
      say(`${was.path}: ${field}`, was[field], is?.[field])
  }
  say('where the parent folder really is', before.expected.parent, now.expected.parent)
  say('what the preflight warns of', before.expected.warnings, now.expected.warnings)
  return lines.length === 0 ? ['the plan is another'] : lines
}

const short = (value: unknown) =>
  (typeof value === 'string' ? value || 'nothing' : (JSON.stringify(value) ?? 'nothing')).slice(0, 80)
