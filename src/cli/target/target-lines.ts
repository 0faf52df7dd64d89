import type { TargetSurvey } from '../../service/targets/survey.ts'

/** The description of an argument that names a target. */
export const TARGET = 'name of the target in cutter.yaml'

/**
 * The first line of target commands: which database of which server answered under the target's name. `systemIdentifier` is the one that
 * PostgreSQL gave the cluster at its creation.
 */
export const lineOfTarget = (
  name: string,
  { database, version, systemIdentifier }: TargetSurvey['server'],
): string => `target    ${name}: ${database} on PostgreSQL ${version}, system ${systemIdentifier}`
