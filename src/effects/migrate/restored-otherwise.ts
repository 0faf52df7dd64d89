import { Stop } from '../../domain/errors.ts'
import { describeSchemaDifference, type SchemaDifference } from '../../migration/catalogue.ts'
import type { RehearsalDatabaseRef } from '../../targets/postgres/rehearsal-database.ts'
import type { LeftOut } from '../../targets/postgres/restore-dump.ts'
import type { Backup } from './take-backup.ts'

/** The stops of a comparison between a restored copy and its source. */

/** Of a backup whose restored copy has other rows. */
export const otherContentsError = ({ dump }: Backup, lines: string[]) =>
  new Stop(
    'STOP_BACKUP_FAILED',
    `the backup ${dump.file} was restored with other contents than were backed up: ${lines.slice(0, 5).join('; ')}`,
    {
      next: 'resume the run to restore the same backup again, or start another run',
      data: { differences: lines.slice(0, 100) },
    },
  )

/** Of a restored copy with another schema that no deviation accepts. */
export function otherSchemaError(
  { place }: RehearsalDatabaseRef,
  difference: SchemaDifference,
  left: LeftOut[],
  members: string[],
): Stop {
  const held = members.length > 5 ? `${members.slice(0, 5).join(', ')}, …` : members.join(', ')
  const lines = [
    ...describeSchemaDifference(difference),
    ...(members.length === 0 ? [] : [`no backup holds what somebody put there or changed: ${held}`]),
  ]
  const names = [...difference.added, ...difference.removed, ...difference.changed]
  const some = names.slice(0, 5).map((name) => JSON.stringify(name))
  return new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `the schema of the rehearsal database differs from the target’s, so a rehearsal would prove nothing: ${lines.slice(0, 5).join('; ')}`,
    {
      next: `give the rehearsal server (${place}) the same extensions and settings and resume the run, or name another one (targets.<name>.rehearsalUrlEnv) and start another run; or accept in bundle.yaml that the rehearsal does without (deviations: [${some.join(', ')}${names.length > 5 ? ', …' : ''}]) and start another run`,
      data: {
        differences: lines.slice(0, 100),
        ...(members.length === 0 ? {} : { members: members.slice(0, 100) }),
        leftOut: left.slice(0, 100).map(({ kind, name }) => `${kind} ${name}`),
      },
    },
  )
}
