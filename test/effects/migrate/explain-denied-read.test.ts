import { describe, expect, test } from 'vitest'
import { Stop } from '../../../src/domain/errors.ts'
import { explainDeniedRead } from '../../../src/effects/migrate/explain-denied-read.ts'

const role = (name: string, ...memberOf: string[]) => ({
  name,
  superuser: false,
  createRole: false,
  createDatabase: false,
  bypassRls: false,
  memberOf,
})
const DENIED = 'the server refused the script (42501, line 1): permission denied for table unit'
const fail = (message: string) => async () => {
  throw new Stop('STOP_MIGRATION_FAILED', message)
}

describe('explainDeniedRead', () => {
  test.for([
    { name: 'a member', roles: [role('migrator', 'pg_read_all_data')] },
    {
      name: 'a member of a member',
      roles: [role('migrator', 'team'), role('team', 'migrator', 'pg_read_all_data')],
    },
  ])('explains that $name of pg_read_all_data is denied it on a named server', async ({ roles }) => {
    const work = explainDeniedRead({ place: 'shop', role: 'migrator', roles }, fail(DENIED))
    await expect(work).rejects.toMatchObject({
      message: expect.stringMatching(
        /^migrator reads by its membership in pg_read_all_data, .*permission denied for table unit/,
      ),
      facts: { code: 'STOP_REHEARSAL_NOT_REPRESENTATIVE' },
    })
  })

  test.for([
    { name: 'another error', place: 'shop', memberOf: 'pg_read_all_data', message: 'syntax error' },
    { name: 'a role that is no member', place: 'shop', memberOf: 'team', message: DENIED },
    {
      name: 'a server that Cutter makes',
      place: 'embedded',
      memberOf: 'pg_read_all_data',
      message: DENIED,
    },
  ])('leaves $name as it is', async ({ place, memberOf, message }) => {
    const roles = [role('migrator', memberOf)]
    const work = explainDeniedRead({ place, role: 'migrator', roles }, fail(message))
    await expect(work).rejects.toMatchObject({ message, facts: { code: 'STOP_MIGRATION_FAILED' } })
  })
})
