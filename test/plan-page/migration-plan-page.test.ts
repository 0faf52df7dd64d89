import { expect, test } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import { planToMarkdown } from '../../src/plan-page/plan-to-markdown.ts'
import { aMigrationPlan, aRollbackPlan } from './migration-plan-fixture.ts'

const MEASURED = {
  migration: [{ number: 1, milliseconds: 12.5, scanned: { 'public.unit': 86 } }],
  alone: [{ number: 3, milliseconds: 1_500 }],
  rollback: null,
}

const pageOf = (plan: unknown, files: { [name: string]: string } = {}, measured: Json = MEASURED) =>
  planToMarkdown({
    ...{ runId: 'mig-1', machine: 'migrate', version: '1', gate: 'SG1', planDigest: 'sha256:aa' },
    ...{ plan: plan as Json, cut: null, source: null, texts: new Map(), files, measured },
    ...{ differing: () => [], page: null, pageSize: 200 },
  })

test.each([
  [
    'both scripts in full',
    "```sql\nalter table unit add column state text;\nupdate unit set state = 'draft';",
  ],
  ['the rollback in full', '```sql\nalter table unit drop column state;\n```'],
  [
    'a lock, a rewrite, a scan and the time of a statement',
    '| 1 ALTER TABLE | 1 | `AccessExclusiveLock` on `public.unit` | **rewrites** `public.unit`; reads 86 rows of `public.unit` | none | 12.5 ms |',
  ],
  ['changed rows of a statement', '| 2 UPDATE | 2 | no new one | neither | `public.unit`: 86 updated | – |'],
  [
    'a statement that runs alone',
    '| 3 CREATE INDEX | 3 | runs alone, outside of a transaction, `ShareUpdateExclusiveLock` on the table, as documented |',
  ],
  ['what a lock means for others', '- `AccessExclusiveLock`: others can neither read nor write'],
  ['the findings of squawk', '| 1 | Warning | `adding-field` | Locks the table. |'],
  ['an added object as a sentence', '- The column public.unit.state is added.'],
  ['a removed object as a sentence', '- The view public.old is **removed**.'],
  [
    'changed rows as a sentence',
    '- Rows of `public.unit`: 86 updated. Existing columns with other values: `kind`.',
  ],
  ['a moved sequence as a sentence', '- The sequence `public.tickets` gets another value.'],
  [
    'a side effect as a sentence',
    '- Accepted in advance: the trigger sets updated_at (`public.unit`: `updated_at`, 86 rows).',
  ],
  [
    'a deviation as a sentence',
    '- Accepted in advance: index public.unit\\_title is missing from the rehearsal database.',
  ],
  ['the bound of locks', '| locks are held | at most 90 s; then it is rolled back |'],
  [
    'what the rollback leaves',
    'After migration and rollback the schema differs from before: view public.old stays removed.',
  ],
  ['the procedure', '- one transaction'],
])('the plan of a migration shows %s', (_, expected) => {
  expect(pageOf(aMigrationPlan()).replaceAll('\\_', '_')).toContain(expected.replaceAll('\\_', '_'))
})

test('the plan of a migration shows a check of the bundle only if it has the planned digest', () => {
  const text = pageOf(aMigrationPlan(), { 'preflight.sql': 'select 1', 'verify.sql': 'select 3' })
  expect(text).toContain('```sql\nselect 1\n```')
  expect(text).not.toContain('select 3')
  expect(text).toContain('The text at hand has not the planned SHA-256')
})

test('the plan of a migration of an earlier version shows the scripts of the pinned bundle', () => {
  const { text, ...migration } = aMigrationPlan().migration
  const statements = migration.statements.map(({ number, line, kind, transactional }) => ({
    number,
    line,
    kind,
    transactional,
  }))
  const page = pageOf(
    { ...aMigrationPlan(), migration: { ...migration, statements } },
    { 'migration.sql': text },
    null,
  )
  expect(page).toContain('update unit set state')
  expect(page).toContain('The locks of the statements were not measured.')
})

test('the plan of a migration names squawk where it was not run', () => {
  const page = pageOf({ ...aMigrationPlan(), lint: { tool: 'squawk', installed: false } })
  expect(page).toContain('squawk was not run: npm has not installed its optional package squawk-cli')
})

test('the plan of a migration says how many findings of squawk it leaves out', () => {
  const plan = aMigrationPlan()
  expect(pageOf({ ...plan, lint: { ...plan.lint, more: 2_500 } })).toContain('2500 more are left out.')
  expect(pageOf(plan)).not.toContain('more are left out')
})

test('the plan of a rollback shows why, and the script in full', () => {
  const page = pageOf(aRollbackPlan())
  expect(page).toContain('- every article is enacted: false')
  expect(page).toContain('```sql\nalter table unit drop column state;\n```')
  expect(page).toContain('`AccessExclusiveLock` on `public.unit`')
})
