import type { EffectContext } from '../../domain/effect.ts'
import { canonicalJson } from '../../domain/json.ts'
import { shellQuote } from '../../domain/shell-quote.ts'
import type { RestoreNeed, Setting } from '../../targets/postgres/restore-needs.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'

/**
 * What pg_restore alone can't restore of a backup, as the plan and the closeout show it. It names no run and no file, so that equal databases have
 * the same plan.
 */
export type PlannedRestore = {
  /** One line for each table or definition: the error of pg_restore, with its functions and rule, and how it was restored. */
  because: string[]
  /** Shell commands that restore the backup `$BACKUP` into the empty database `$DATABASE`. */
  commands: string[]
}

/** Reads it from the evidence of the restore test, which a snapshot and earlier versions have without it. */
export async function readPlannedRestore(
  context: EffectContext,
  restoredDigest: string | undefined,
): Promise<PlannedRestore | undefined> {
  if (restoredDigest === undefined) return undefined
  return (await readJsonEvidence<{ needs?: PlannedRestore }>(context, restoredDigest)).needs
}

/** Plans how to restore a backup with what its restore needed. */
export function planRestore(needs: RestoreNeed[]): PlannedRestore {
  const tables = needs.flatMap(({ table, settings, without = [] }) =>
    table === undefined ? [] : [{ ...table, settings, without }],
  )
  const definitions = needs.filter(({ table }) => table === undefined)
  const passes = new Map(definitions.map(({ settings }) => [canonicalJson(settings), settings]))
  const apart = tables.map(({ schema, table }) => ` -e ${shellQuote(` TABLE DATA ${schema} ${table} `)}`)
  return {
    because: needs.map(describe),
    commands: [
      'pg_restore --section=pre-data --dbname="$DATABASE" "$BACKUP"',
      ...(tables.length === 0
        ? ['pg_restore --section=data --dbname="$DATABASE" "$BACKUP"']
        : [
            `pg_restore --list "$BACKUP" | grep -avF${apart.join('')} > rows.list`,
            'pg_restore --section=data --use-list=rows.list --dbname="$DATABASE" "$BACKUP"',
          ]),
      ...tables.flatMap(({ schema, table, settings, without }) => [
        ...without.flatMap(({ before }) => before.map(command)),
        withSettings(`--data-only --schema=${shellQuote(schema)} --table=${shellQuote(table)}`, settings),
        ...without.flatMap(({ after }) => after.map(command)),
      ]),
      ...(passes.size === 0
        ? ['pg_restore --section=post-data --dbname="$DATABASE" "$BACKUP"']
        : [...passes.values()].map((settings) => withSettings('--section=post-data', settings))),
    ],
  }
}

const command = (sql: string) => `psql "$DATABASE" --command=${shellQuote(sql)}`

/** pg_restore empties the search path, which its output as SQL does in one line. */
function withSettings(options: string, settings: Setting[]): string {
  if (settings.length === 0) return `pg_restore ${options} --dbname="$DATABASE" "$BACKUP"`
  const given = settings.map(([name, value]) => `-c ${name}=${value.replaceAll(/([\\ ])/g, '\\$1')}`)
  return `pg_restore ${options} --file=- "$BACKUP" | grep -avxF "SELECT pg_catalog.set_config('search_path', '', false);" | PGOPTIONS=${shellQuote(given.join(' '))} psql "$DATABASE"`
}

function describe({ what, because, settings, without = [] }: RestoreNeed): string {
  const path = settings.find(([name]) => name === 'search_path')?.[1]
  const others = settings.filter(([name]) => name !== 'search_path').map(([name]) => name)
  const how = [
    ...(path === undefined ? [] : [`with search_path = ${path}`]),
    ...(others.length === 0 ? [] : [`with the source’s ${others.join(', ')}`]),
    ...(settings.length === 0 ? ['after the rows of other tables'] : []),
    ...without.map(({ objects }) => `without ${objects.join(', ')}`),
  ]
  return `${what}: ${because}; restored ${how.join(' and ')}`
}
