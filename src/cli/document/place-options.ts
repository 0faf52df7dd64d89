import type { Command } from 'commander'
import type { GlobalOptions } from '../define-command.ts'

export type PlaceOptions = GlobalOptions & { target: string; asOf?: string }

/** Adds the options that say where and of which time a command reads. */
export const addPlaceOptions = (command: Command): Command =>
  addTargetOption(command).option(
    '--as-of <time>',
    'what was in force then: a day, which means its end in UTC, or a time with its zone (default: now)',
  )

/** When a version was approved, where its commencement is another time. */
export const approvedApart = (version: { enactedAt: string | null; commencesOn: string | null }): string =>
  version.commencesOn === null || version.enactedAt === null
    ? ''
    : `, approved ${toSecond(version.enactedAt)}`

export const addTargetOption = (command: Command): Command =>
  command.option('--target <name>', 'the database, by its name in cutter.yaml', 'embedded')

/** A time of the database as people read it: to the second. */
export const toSecond = (at: string): string => at.replace(/\.\d+Z$/, 'Z')
