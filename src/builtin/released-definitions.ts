import { z } from 'zod'
import type { StoredSnapshot, Upgrade } from '../machine/define.ts'

/**
 * The definitions of every released build. A run keeps the digest of the definition that it was started under, and the digest
 * covers the code of chart and effects, so that each release has others. Every release adds an entry, because its runs must resume in
 * all later ones. A build writes its own entry to dist/definitions.json.
 */
export interface Release {
  version: string
  /** The commit or the tag that was built. */
  commit: string
  /** Definition digest by machine. */
  definitions: { [machine: string]: string }
  /** Digest of the helpers with which users' machines are written. It is a part of their definition digests. */
  helpers: string
}

export const RELEASES: readonly Release[] = [
  {
    version: '0.1.0',
    commit: 'ec8f423',
    definitions: {
      cut: 'sha256:8ca776ae24731b67cf40fc12448cb1eb4e7cf6b49913f19b58d6a9233845bf2d',
      deploy: 'sha256:4d1485e5c23d0d1e663d60dd298fbace2421c91b6a17a6df995135665467d296',
      migrate: 'sha256:05f1c34183d194cb52fcc1c1c4ff550c39dc451e48daf09dc17c635b69133c96',
      rollback: 'sha256:bbc032e4af95f6a13e416048557795bab4a128886ee3ef4e78afca1d92ddd81f',
      teardown: 'sha256:2b74c82c7fa831cfec7b35b7b172b1897e8ac1a7b0c274c166df41610082a48d',
    },
    helpers: 'sha256:1e9e80c5acb8aac175dea37afdb32b026d64f15191cd09260e162950537970fe',
  },
  {
    version: '0.2.0',
    commit: 'v0.2.0',
    definitions: {
      cut: 'sha256:799eff8191ecf5b4bd81ea839d295db5b221480ab3dd560a4727934f980c5904',
      deploy: 'sha256:f21b34905c7737cb48c6a36cd0c02215598c42966b6085031e2c534986e8ed87',
      migrate: 'sha256:d137c80a7dd4f73d79a29e0e1825d8e3308d599842d67545a1b11500fdbfb992',
      rollback: 'sha256:7b6e74ca45973cc3d6d9da796fcd0bbd2e054aabbcd069d2c815de37773c9b1b',
      teardown: 'sha256:30a8f9b317bafdf1a852d84b0b82562bec0899705512022832a5190b33f2de1e',
    },
    helpers: 'sha256:e40e1931b481adea1509969b434b1c105364da8ac158f2af2badb4a9aa0a59b6',
  },
]

/** What every chart keeps in its context for the engine. */
const context = z.looseObject({
  output: z.record(z.string(), z.json()),
  planDigest: z.string().nullable(),
  approvalId: z.string().nullable(),
})

/**
 * Same states, same context, same effects. A release that changes a chart gives the runs of earlier releases another `migrate`; one
 * that changes what an approved plan does gives them no `sameWork`, and then they can only be cancelled once they have passed a gate.
 */
const UNCHANGED: Upgrade = { schema: context, migrate: (snapshot) => snapshot, sameWork: true }

/** A deploy of releases up to 0.2.0 switched first and made its skeleton last. Its plan is of v1, and each phase does the work of its plan. */
const SWITCHING_LATER: Upgrade = {
  ...UNCHANGED,
  migrate: (snapshot) => ({ ...snapshot, value: renamed(snapshot, 'G6_REHEARSED', 'SKELETON_LEFT') }),
  milestones: { G6_REHEARSED: 'SKELETON_LEFT' },
}

/** The state of a snapshot, with another name for one of the milestones. */
const renamed = ({ value }: StoredSnapshot, from: string, to: string): StoredSnapshot['value'] =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && from in value
    ? { [to]: value[from]! }
    : value

/** The upgrades of a machine that ships, from each of its released definitions. */
export function releasedUpgrades(machine: string): { [definitionDigest: string]: Upgrade } {
  const digests = RELEASES.map(({ definitions }) => definitions[machine])
  return upgradesFrom(
    digests.filter((digest) => digest !== undefined),
    machine === 'deploy' ? SWITCHING_LATER : UNCHANGED,
  )
}

/** Digests of the released helpers of users' machines. */
export const RELEASED_HELPERS = RELEASES.map(({ helpers }) => helpers)

/** An upgrade from each of these definitions, which differ from the installed one only by the release that they belong to. */
export const upgradesFromReleases = (digests: string[]): { [definitionDigest: string]: Upgrade } =>
  upgradesFrom(digests, UNCHANGED)

const upgradesFrom = (digests: string[], upgrade: Upgrade): { [definitionDigest: string]: Upgrade } =>
  Object.fromEntries(digests.map((digest) => [digest, upgrade]))
