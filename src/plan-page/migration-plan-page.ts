import { countWords } from '../domain/count-words.ts'
import {
  count,
  fenced,
  join,
  type Markdown,
  type MarkdownLine,
  md,
  nameSpan,
  paragraph,
  plural,
  points,
  prose,
  proseList,
  table,
} from '../domain/markdown.ts'
import { modeWords, targetWords } from './cut-plan-page.ts'
import {
  measuredStatements,
  type PlannedLint,
  type PlannedSchema,
  type ReadMigrationPlan,
} from './migration-plan-schema.ts'
import { otherPlanLines } from './other-plan-page.ts'
import type { PlanReading } from './plan-reading.ts'
import { fileLines, partTable, scriptLines } from './script-section.ts'

/** What these lines show in words; everything else of the plan follows field by field. */
const SHOWN = new Set([
  'type',
  'machineVersion',
  'mode',
  'target',
  'migration',
  'expect',
  'parts',
  'sideEffects',
  'backup',
  'restore',
  'deviations',
  'notRehearsedWith',
  'limits',
  'lint',
  'rollback',
])

/** The plan of a migration: what it changes in sentences, both scripts in full with what each statement does, and squawk's findings. */
export function migrationPlanLines(reading: PlanReading, plan: ReadMigrationPlan): MarkdownLine[] {
  const { target, mode, limits, checks, bundle } = plan
  const measured = measuredStatements.safeParse(reading.measured).data
  const digestOf = (file: string) => bundle.files[file]
  return [
    ...table(
      ['migration', nameSpan(bundle.name)],
      [
        ['target', md`${targetWords(target)}, as role ${nameSpan(target.role)}`],
        ['mode', modeWords(mode)],
        ...(limits.lockedAtMostSeconds === undefined
          ? []
          : [['locks are held', md`at most ${limits.lockedAtMostSeconds} s; then it is rolled back`]]),
        ['waits for a lock', lockWords(limits)],
        ['a statement takes', md`at most ${limits.statementTimeoutSeconds} s`],
        ['the backup is', backupWords(limits.backupMaxAgeMinutes)],
      ],
    ),
    md`## In short`,
    '',
    ...points(expectedSentences(plan)),
    '',
    ...partLines(plan),
    ...distributionLines(plan),
    ...scriptLines(reading, plan.migration, [...(measured?.migration ?? []), ...(measured?.alone ?? [])]),
    ...restoreLines(plan.restore),
    ...lintLines(plan.lint),
    ...scriptLines(reading, plan.rollback, measured?.rollback ?? []),
    ...paragraph(leavesSentence(plan.rollback.leaves)),
    ...fileLines(reading, checks.preflight.file, digestOf(checks.preflight.file)),
    ...fileLines(reading, checks.verify.file, digestOf(checks.verify.file)),
    ...otherPlanLines({ ...reading, plan: withoutShown(reading.plan) }),
  ]
}

function withoutShown(plan: PlanReading['plan']): PlanReading['plan'] {
  return Object.fromEntries(Object.entries(plan as object).filter(([key]) => !SHOWN.has(key)))
}

/** How long a lock is waited for, and for how long it is tried again. */
export const lockWords = ({
  lockTimeoutSeconds,
  lockRetrySeconds,
}: Pick<ReadMigrationPlan['limits'], 'lockTimeoutSeconds' | 'lockRetrySeconds'>): Markdown =>
  lockRetrySeconds === undefined
    ? md`at most ${lockTimeoutSeconds} s`
    : md`at most ${lockTimeoutSeconds} s; then tries again, with growing pauses, for at most ${lockRetrySeconds} s`

/** A bundle may raise the limit, so that an approver must see it. */
const backupWords = (minutes: number) =>
  minutes > USUAL_MINUTES
    ? md`at most ${minutes} min old, **longer than the usual ${USUAL_MINUTES}**: later changes are lost if it is needed`
    : md`at most ${minutes} min old`

const USUAL_MINUTES = 60

/** Everything that the migration changes, one sentence for each object and table. */
function expectedSentences({
  expect,
  sideEffects,
  backup,
  deviations,
  notRehearsedWith,
  rehearsed,
}: ReadMigrationPlan): Markdown[] {
  const rows = Object.entries(expect.rows).map(([table, changes]) => {
    const columns =
      changes.columns.length === 0
        ? md``
        : md` Existing columns with other values: ${changes.columns.map(nameSpan)}.`
    return md`Rows of ${nameSpan(table)}: ${expectedWords(changes, rehearsed?.total.rows[table])}.${columns}`
  })
  const sentences = [
    ...schemaSentences(expect.schema),
    ...rows,
    ...(rows.length === 0 ? [md`No row is changed.`] : []),
    ...expect.sequences.map((name) => md`The sequence ${nameSpan(name)} gets another value.`),
    ...sideEffects.map(
      ({ what, table, columns, rows: n }) =>
        md`Accepted in advance: ${prose(what)} (${nameSpan(table)}: ${columns.map(nameSpan)}${n === undefined ? '' : md`, ${typeof n === 'number' ? plural(n, 'row') : md`${countWords(n)} rows`}`}).`,
    ),
    ...(backup === undefined
      ? []
      : [
          md`The backup is a snapshot of the provider. An instance restored from it has the schema of the target, and each of its rows could be read.`,
          ...(backup.otherThanTarget.length === 0
            ? [md`Its rows are those of the target.`]
            : backup.otherThanTarget.map(
                (line) => md`Written since the snapshot, and lost with it: ${prose(line)}.`,
              )),
        ]),
    ...deviations.map((line) => md`Accepted in advance: ${prose(line)}.`),
    ...notRehearsedWith.map(
      (name) => md`Not rehearsed with ${prose(name)}, which only a superuser can create.`,
    ),
  ]
  return sentences
}

/** Expected rows as words. What may vary has the number of the rehearsal, which the approver weighs. */
function expectedWords(
  expected: ReadMigrationPlan['expect']['rows'][string],
  found: { [how in 'inserted' | 'updated' | 'deleted']: number } = { inserted: 0, updated: 0, deleted: 0 },
): Markdown {
  const words = (['inserted', 'updated', 'deleted'] as const)
    .filter((how) => expected[how] !== 0)
    .map((how) => {
      const wanted = expected[how]
      return typeof wanted === 'number'
        ? md`${count(wanted)} ${how}`
        : md`${countWords(wanted)} ${how} (${count(found[how])} in the rehearsal)`
    })
  return words.length === 0 ? md`none` : join(words, ', ')
}

function schemaSentences({ added, removed, changed }: PlannedSchema): Markdown[] {
  if (added.length + removed.length + changed.length === 0) return [md`The schema stays as it is.`]
  return [
    ...added.map((name) => md`The ${prose(name)} is added.`),
    ...removed.map((name) => md`The ${prose(name)} is **removed**.`),
    ...changed.map((name) => md`The ${prose(name)} gets another definition.`),
  ]
}

/** The order in which parts run, because only within a transaction all or nothing holds. */
function partLines({ parts }: ReadMigrationPlan): MarkdownLine[] {
  if (parts === undefined) return []
  return [
    md`## In this order`,
    '',
    ...paragraph(
      md`The script is not one transaction. What ran before a part that fails **remains**; people decide at gate SG2 about the way back.`,
    ),
    ...partTable(parts),
  ]
}

function distributionLines({ expect }: ReadMigrationPlan): MarkdownLine[] {
  return expect.distributions.flatMap(({ name, sql, rows }): MarkdownLine[] => [
    ...paragraph(md`Afterwards this query (${prose(name)}) must give exactly the rows below.`),
    ...fenced(sql.split('\n'), 'sql'),
    '',
    ...(rows.length === 0 ? [md`- no row`] : rows.flatMap((row) => proseList([JSON.stringify(row)]))),
    '',
  ])
}

/** How the schema differs from before once migration and rollback have run. */
export function leavesSentence(leaves: PlannedSchema): Markdown {
  const parts = [
    ...leaves.added.map((name) => md`${prose(name)} stays`),
    ...leaves.removed.map((name) => md`${prose(name)} stays removed`),
    ...leaves.changed.map((name) => md`${prose(name)} has another definition`),
  ]
  return parts.length === 0
    ? md`After migration and rollback the schema is as before. The rollback was tried on the rehearsal database.`
    : md`After migration and rollback the schema differs from before: ${join(parts, '; ')}. The rollback was tried on the rehearsal database.`
}

/** What whoever needs the backup must know before. */
function restoreLines(restore: ReadMigrationPlan['restore']): MarkdownLine[] {
  if (restore === undefined) return []
  return [
    md`## How to restore the backup`,
    '',
    ...paragraph(md`pg_restore alone can’t restore all of it. These commands can, into an empty database.`),
    ...proseList(restore.because),
    '',
    ...fenced(['BACKUP=… DATABASE=postgresql://…', ...restore.commands], 'sh'),
    '',
  ]
}

function lintLines(lint: PlannedLint): MarkdownLine[] {
  const title: MarkdownLine[] = [md`## Findings of squawk`, '']
  if (!lint.installed)
    return [
      ...title,
      ...paragraph(
        md`squawk was not run: npm has not installed its optional package squawk-cli, and cutter.yaml names no other.`,
      ),
    ]
  if ('failed' in lint) return [...title, ...paragraph(md`squawk could not be run: ${prose(lint.failed)}.`)]
  if (lint.findings.length === 0) return [...title, ...paragraph(md`${prose(lint.version)} found nothing.`)]
  return [
    ...title,
    ...table(
      ['line', 'level', 'rule', 'what'],
      lint.findings.map(({ line, level, rule, message }) => [
        String(line),
        prose(level),
        nameSpan(rule),
        prose(message),
      ]),
    ),
    ...(lint.more === undefined ? [] : paragraph(md`${String(lint.more)} more are left out.`)),
    ...paragraph(md`Found by ${prose(lint.version)}. The findings decide nothing.`),
  ]
}
