import { digestOf } from '../../domain/json.ts'
import { type PlannedCommand, RUN_PLACEHOLDER } from '../../domain/planned-command.ts'
import type { Mode } from '../../domain/run.ts'
import { type Activation, planActivation } from './activation.ts'
import type { KnownRelease } from './adopted-release.ts'
import type { ArtifactFacts } from './check-artifact.ts'
import type { Checks } from './checks-file.ts'
import type { WatchRules } from './compare-anchors.ts'
import type { DeploySurvey } from './deploy-survey.ts'
import type { HostCommand } from './host-session.ts'
import type { Anchor, HostFacts } from './host-survey.ts'
import { keepFolder } from './keep-folder.ts'
import { type OldRelease, removeOldReleases } from './old-releases.ts'
import { listMade, makeOutside, type OutsideFolder, removeOutside } from './outside-folders.ts'
import type { DeployPaths, ReleasePointer } from './paths.ts'
import type { PreflightFinding } from './preflight-check.ts'
import { TEMPORARY } from './preflight-paths.ts'
import type { ReleaseChanges } from './release-changes.ts'
import { linkShared } from './shared-paths.ts'
import {
  activate,
  confirm,
  promote,
  type SwitchPlace,
  switchBack,
  switchOver,
  withdrawTarget,
} from './switch-commands.ts'
import { discard, extract, removeListed, type Staged, skeleton, stage } from './write-commands.ts'

/**
 * The plan that SG1 approves: the exact commands, the bytes that they send, the expected state of the host, and the rollback. It holds no
 * run id, time or random id, so that the same source and the same host give the same digest. The state of services and of neighbouring
 * entries is evidence, and not part of the plan.
 */
export interface DeployPlan {
  /** Plans of release 0.2.0 and earlier are of v1: their runs switch before the checks. */
  type: 'cutter.plan.deploy/v1' | 'cutter.plan.deploy/v2'
  machineVersion: string
  mode: Mode
  strategy: DeployPaths['strategy']
  host: DeploySurvey['host'] &
    Pick<HostFacts, 'hostname' | 'machineId' | 'user' | 'uid' | 'kernel' | 'machine'>
  source: { commit: string; tree: string; prefix: string }
  artifact: ArtifactFacts
  place: DeployPaths
  pointer: ReleasePointer | null
  activation: Activation | null
  /** Old releases that are removed once the new one is live. This can't be undone. */
  old: OldRelease[]
  /** Folders outside of the target. Left out where the checks file declares none. */
  outside?: OutsideFolder[]
  /** The releases of other homes on which this deploy builds, as they were adopted. Left out where there is none. */
  known?: KnownRelease[]
  /** What changes against the release that runs now. Null where none is known. */
  changes: ReleaseChanges | null
  commands: PlannedCommand[]
  rollback: PlannedCommand[]
  onFailure: 'rollback' | 'stop'
  /** Seconds after the promote within which the host must be reached again, or it rolls back by itself. Null: no confirmation is needed. */
  confirmSeconds: number | null
  checks: Checks
  expected: { target: 'absent' | 'replaced'; parent: string; previous: Anchor[]; warnings: string[] }
}

/** Whether a run of this plan switches before its checks. */
export const switchesFirst = ({ type }: Pick<DeployPlan, 'type'>) => type === 'cutter.plan.deploy/v1'

/** The staging folder in whose name a run of this plan writes in the target. */
export const stagedBy = (plan: Pick<DeployPlan, 'type' | 'place'>, run: string): Staged | null =>
  switchesFirst(plan) ? null : { staging: plan.place.staging, run }

/** What a change on the host means for a plan. */
export const watchRulesOf = ({ checks: { watch, tolerate }, host: { uid } }: DeployPlan): WatchRules => ({
  watch,
  tolerate,
  uid,
})

/** Makes the plan of a deploy. It is pure: the same arguments give the same plan. */
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
  const activation = planActivation(checks, place, pointer)
  const { old = [], outside = [], known = [] } = survey
  return {
    type: 'cutter.plan.deploy/v2',
    machineVersion: given.machineVersion,
    mode: given.mode,
    strategy: place.strategy,
    host: { ...host, hostname, machineId, user, uid, kernel, machine },
    source: { commit, tree, prefix },
    artifact,
    place,
    pointer,
    activation,
    old,
    ...(outside.length === 0 ? {} : { outside }),
    ...(known.length === 0 ? {} : { known }),
    changes: survey.changes ?? null,
    commands: listCommands({
      old,
      outside,
      place,
      pointer,
      artifact,
      checks,
      activation,
      confirmSeconds: given.confirmSeconds,
    }),
    rollback: listRollbackCommands({ place, pointer, activation, outside }),
    onFailure: given.onFailure,
    confirmSeconds: given.confirmSeconds,
    checks,
    expected: {
      target: place.strategy === 'replace' ? 'replaced' : 'absent',
      parent: survey.canonical,
      previous: survey.anchors.previous,
      warnings: listWarnings(survey.findings),
    },
  }
}

type Commanded = Pick<DeployPlan, 'place' | 'pointer' | 'activation'> & { outside: OutsideFolder[] }

/** Where the scripts of a plan work. */
export const placeOf = ({ place, pointer }: Pick<DeployPlan, 'place' | 'pointer'>): SwitchPlace => ({
  target: place.target,
  pointer,
  ...(place.strategy === 'replace' ? { replaces: true } : {}),
})

function listCommands(
  plan: Commanded & Pick<DeployPlan, 'artifact' | 'checks' | 'confirmSeconds' | 'old'>,
): PlannedCommand[] {
  const { place, checks, activation, confirmSeconds, outside } = plan
  const { staging, target } = place
  const { build, rehearsal, skeleton: bones, health } = checks
  const back = activation?.back ?? null
  const staged = { staging, run: RUN_PLACEHOLDER }
  const ifAny = (id: string, step: { run: string[] } | undefined) =>
    step === undefined ? [] : [{ id, argv: step.run }]
  return [
    planned(stage(staging, RUN_PLACEHOLDER)),
    { id: 'send', argv: ['put', 'artifact.tar', `${staging}/artifact.tar`] },
    planned(extract(staging, RUN_PLACEHOLDER)),
    { id: 'send', argv: ['put', 'DEPLOY-MANIFEST.txt', `${staging}/tree/DEPLOY-MANIFEST.txt`] },
    planned(promote(staging, RUN_PLACEHOLDER, placeOf(plan))),
    ...ifAny('build', build),
    ...(checks.shared.length === 0 ? [] : [planned(linkShared(plan, RUN_PLACEHOLDER))]),
    planned(skeleton(staged, target, bones.folders, bones.files)),
    ...(outside.length === 0 ? [] : [planned(makeOutside(staged, outside))]),
    ...checks.checks.flatMap(({ name, needs, run, fallback }) => [
      ...(needs === undefined ? [] : [{ id: `needs ${name}`, argv: needs }]),
      { id: `check ${name}`, argv: run },
      ...ifAny(`or else ${name}`, fallback),
    ]),
    ...(rehearsal === undefined ? [] : listRehearsalCommands(rehearsal)),
    planned(switchOver(staging, RUN_PLACEHOLDER, placeOf(plan), confirmSeconds, back)),
    ...(activation === null
      ? []
      : [planned(activate(staging, RUN_PLACEHOLDER, { ...activation, target, argv: activation.run }))]),
    ...(confirmSeconds === null ? [] : [planned(confirm(staging, RUN_PLACEHOLDER))]),
    ...ifAny('health', health),
    ...(plan.old.length === 0 ? [] : [planned(removeOldReleases(place, RUN_PLACEHOLDER, plan.old))]),
    planned(discard(staging, RUN_PLACEHOLDER)),
  ]
}

function listRehearsalCommands({ run, refused, counts }: NonNullable<Checks['rehearsal']>): PlannedCommand[] {
  const counting = (when: string) => (counts === undefined ? [] : [{ id: `counts ${when}`, argv: counts }])
  const live = refused === undefined ? [] : [{ id: 'live start', argv: refused }]
  return [...counting('before'), { id: 'rehearsal', argv: run }, ...live, ...counting('after')]
}

/** The rollback removes only what this run made: each command first checks on the host that it belongs to this run. */
function listRollbackCommands(plan: Commanded): PlannedCommand[] {
  const { staging, target } = plan.place
  return [
    planned(stage(staging, RUN_PLACEHOLDER, target)),
    planned(switchBack(staging, RUN_PLACEHOLDER, placeOf(plan), plan.activation?.back ?? null)),
    planned(withdrawTarget(staging, RUN_PLACEHOLDER, placeOf(plan))),
    { id: 'send', argv: ['put', 'files', `${staging}/files`] },
    { id: 'send', argv: ['put', 'folders', `${staging}/folders`] },
    planned(removeListed(staging, RUN_PLACEHOLDER, keepFolder(plan.place, RUN_PLACEHOLDER))),
    ...(listMade(plan.outside).length === 0
      ? []
      : [planned(removeOutside(staging, RUN_PLACEHOLDER, plan.outside))]),
    planned(discard(staging, RUN_PLACEHOLDER)),
  ]
}

const planned = ({ id, argv }: HostCommand): PlannedCommand => ({ id, argv })

/** Names the findings that are not `ok`, because an approver must see them. Those that differ at each survey are left out. */
const listWarnings = (findings: PreflightFinding[]) =>
  findings.flatMap(({ check, status }) =>
    status === 'ok' || check === 'clock' || check === TEMPORARY ? [] : [`${check}: ${status}`],
  )

/** The differences between the approved plan and a new one, one line for each. */
export function listPlanDifferences(before: DeployPlan, now: DeployPlan): string[] {
  const lines: string[] = []
  const compare = (what: string, was: unknown, is: unknown) => {
    if (digestOf(was) !== digestOf(is)) lines.push(`${what} was ${short(was)}, is ${short(is)}`)
  }
  for (const field of Object.keys(before.host) as (keyof DeployPlan['host'])[])
    compare(`the host’s ${field}`, before.host[field], now.host[field])
  compare('the commit', before.source.commit, now.source.commit)
  compare('the artifact', before.artifact.sha256, now.artifact.sha256)
  compare('the pointer', before.pointer, now.pointer)
  compare('the release that runs now', before.changes?.since ?? null, now.changes?.since ?? null)
  compare('the old releases to remove', namesOf(before.old), namesOf(now.old))
  compare('the list of adopted releases', before.known ?? [], now.known ?? [])
  const outside = ({ outside = [] }: DeployPlan) =>
    outside.map(({ path, above, state }) => `${path} ${state}, in ${above}`).join('; ')
  compare('the list of folders outside of the target', outside(before), outside(now))
  compare('the checks', digestOf(before.checks), digestOf(now.checks))
  for (const [index, was] of before.expected.previous.entries()) {
    const is = now.expected.previous[index]
    for (const field of ['treeHash', 'shapeHash', 'owner', 'modifiedAt', 'gitHead', 'gitClean'] as const)
      compare(`${was.path}: ${field}`, was[field], is?.[field])
  }
  compare('the real path of the parent folder', before.expected.parent, now.expected.parent)
  compare('the warnings of the preflight', before.expected.warnings, now.expected.warnings)
  return lines.length === 0 ? ['the plan differs'] : lines
}

const namesOf = (old: OldRelease[]) => old.map(({ path }) => path).join(', ')

const short = (value: unknown) =>
  (typeof value === 'string' ? value || 'nothing' : (JSON.stringify(value) ?? 'nothing')).slice(0, 80)
