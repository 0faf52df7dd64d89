import { describe, expect, test } from 'vitest'
import type { MigrationCloseout } from '../../../src/effects/migrate/migration-closeout.ts'
import { renderMigrationCloseout } from '../../../src/effects/migrate/migration-closeout-markdown.ts'

const CLOSEOUT: MigrationCloseout = {
  runId: 'mig-1',
  mode: 'live',
  bundle: 'add-columns',
  migrationSha256: 'abc',
  target: { name: 'main', systemIdentifier: '1', database: 'd', version: '15', role: 'r' },
  standsAs: 'migrated',
  did: {
    schema: { added: [], removed: [], changed: [] },
    rows: { 'public.unit': { inserted: 0, updated: 86, deleted: 0 } },
    columns: { 'public.unit': { updated_at: 86 } },
  },
  values: { 'public.unit': { updated_at: { before: 3, after: 1 } } },
  distributions: [{ name: 'distinct updated_at', rows: [{ count: 1 }] }],
  rollbackExecuted: false,
  scope: 'nothing beyond the plan',
  checks: { preflight: [], verification: [], failed: [] },
  sideEffects: [],
  backups: [],
  rehearsalKept: { place: 'p', database: 'd' },
  unauthorised: [],
  nextStep: 'n',
}

describe('the closeout of a migration', () => {
  test('shows the values after it, that no rollback was executed, and its scope', () => {
    const lines = renderMigrationCloseout(CLOSEOUT).split('\n')
    expect(lines).toContain('- rollback executed: no')
    expect(lines).toContain('- scope: nothing beyond the plan')
    expect(lines).toContain('- public.unit.updated_at: another value in 86 rows; distinct values 3 → 1')
    const values = lines.slice(lines.indexOf('## Values after it: distinct updated_at'))
    expect(values[2]).toBe('- \\{"count":1\\}')
  })

  test('says of a run that was rolled back that its rollback was executed', () => {
    expect(renderMigrationCloseout({ ...CLOSEOUT, rollbackExecuted: true })).toContain(
      'rollback executed: yes',
    )
  })
})
