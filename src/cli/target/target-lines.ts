import type { TargetSurvey } from '../../service/targets/survey.ts'

/** The description of an argument that names a target. */
export const TARGET = 'name of the target in cutter.yaml'

export const lineOfTarget = (
  name: string,
  { database, version, systemIdentifier }: TargetSurvey['server'],
): string => `target    ${name}: ${database} on PostgreSQL ${version}, system ${systemIdentifier}`
