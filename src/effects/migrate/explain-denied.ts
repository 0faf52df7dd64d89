import type { EffectContext } from '../../domain/effect.ts'
import { type Catalogue, onlyIn } from '../../migration/catalogue.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import type { MigrationDatabase } from '../../targets/postgres/migration-database.ts'
import type { SourceProfile } from '../../targets/postgres/rehearsal-database.ts'
import { explainDeniedPower } from './explain-denied-power.ts'
import { explainDeniedRead } from './explain-denied-read.ts'
import { readCatalogue } from './read-catalogue.ts'

/**
 * Does the work of a rehearsal, and explains what a copy denies although the target does not.
 * @throws STOP_REHEARSAL_NOT_REPRESENTATIVE as `explainDeniedRead` and `explainDeniedPower` say
 */
export function explainDenied<T>(
  given: {
    database: MigrationDatabase
    context: EffectContext
    bundle: MigrationBundle
    source: Catalogue
    place: string
    role: string
    profile: SourceProfile
  },
  work: () => Promise<T>,
): Promise<T> {
  const { database, context, source, place, role, profile } = given
  const findLacking = async () => {
    const copy = await database.read(context, readCatalogue)
    return onlyIn(Object.keys(source.objects), Object.keys(copy.objects))
  }
  return explainDeniedPower({ ...given, findLacking }, () =>
    explainDeniedRead({ place, role, roles: profile.roles }, work),
  )
}
