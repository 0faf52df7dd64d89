import { sha256 } from '../../src/domain/json.ts'

const MIGRATION =
  "alter table unit add column state text;\nupdate unit set state = 'draft';\ncreate index concurrently on unit (state);\n"
const ROLLBACK = 'alter table unit drop column state;\n'

const target = { systemIdentifier: '74', database: 'shop', serverVersion: 150018, role: 'shop_owner' }
const bundle = {
  name: 'reviews',
  files: { 'preflight.sql': sha256('select 1'), 'verify.sql': sha256('select 2') },
}
const rollback = {
  file: 'rollback.sql',
  sha256: sha256(ROLLBACK),
  text: ROLLBACK,
  statements: [
    {
      ...{ number: 1, line: 1, kind: 'AlterTableStmt', transactional: true },
      ...{ locks: { 'public.unit': 'AccessExclusiveLock' }, rewrites: [], rows: {} },
    },
  ],
}

/** A plan of a migration with something of everything. */
export const aMigrationPlan = () => ({
  type: 'cutter.plan.migrate/v1',
  mode: 'live',
  bundle,
  target,
  procedure: ['one transaction'],
  migration: {
    file: 'migration.sql',
    sha256: sha256(MIGRATION),
    text: MIGRATION,
    statements: [
      {
        ...{ number: 1, line: 1, kind: 'AlterTableStmt', transactional: true },
        ...{ locks: { 'public.unit': 'AccessExclusiveLock' }, rewrites: ['public.unit'], rows: {} },
      },
      {
        ...{ number: 2, line: 2, kind: 'UpdateStmt', transactional: true },
        ...{ locks: {}, rewrites: [], rows: { 'public.unit': { inserted: 0, updated: 86, deleted: 0 } } },
      },
      {
        ...{ number: 3, line: 3, kind: 'IndexStmt', transactional: false },
        documentedLocks: [{ mode: 'ShareUpdateExclusiveLock', on: 'the table' }],
      },
    ],
  },
  checks: {
    preflight: { file: 'preflight.sql', checks: 1 },
    verify: { file: 'verify.sql', checks: 1 },
  },
  expect: {
    schema: {
      added: ['column public.unit.state'],
      removed: ['view public.old'],
      changed: ['table public.unit'],
    },
    rows: { 'public.unit': { inserted: 0, updated: 86, deleted: 0, columns: ['kind'] } },
    sequences: ['public.tickets'],
    distributions: [{ name: 'by state', sql: 'select state from unit', rows: [{ state: 'draft' }] }],
  },
  sideEffects: [
    { what: 'the trigger sets updated_at', table: 'public.unit', columns: ['updated_at'], rows: 86 },
  ],
  deviations: ['index public.unit_title is missing from the rehearsal database'],
  notRehearsedWith: ['event trigger e'],
  limits: {
    lockTimeoutSeconds: 2,
    statementTimeoutSeconds: 30,
    backupMaxAgeMinutes: 60,
    lockedAtMostSeconds: 90,
  },
  lint: {
    tool: 'squawk',
    installed: true,
    version: 'squawk 2.61.0',
    findings: [{ rule: 'adding-field', level: 'Warning', line: 1, message: 'Locks the table.' }],
  },
  rollback: { ...rollback, leaves: { added: [], removed: ['view public.old'], changed: [] } },
})

/** A plan of gate SG2. */
export const aRollbackPlan = () => ({
  type: 'cutter.plan.migrate-rollback/v1',
  mode: 'live',
  bundle,
  target,
  because: ['every article is enacted: false'],
  rollback,
  rehearsed: {
    schema: { added: [], removed: ['column public.unit.state'], changed: [] },
    leaves: { added: [], removed: [], changed: [] },
  },
  limits: { lockTimeoutSeconds: 2, statementTimeoutSeconds: 30 },
})
