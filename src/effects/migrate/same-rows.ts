import type { EffectContext } from '../../domain/effect.ts'
import type { MigrationDatabase } from '../../targets/postgres/migration-database.ts'
import { type DatabaseContents, findReordered, readRelations } from './database-contents.ts'
import type { MigrateDeps } from './deps.ts'
import { readWithoutPolicies } from './read-without-policies.ts'
import { sumRows } from './row-sums.ts'
import type { Backup } from './take-backup.ts'

/**
 * Finds the tables whose rows are those of the source in another order. The dump proves it: it holds the rows in the order of the source,
 * and the same rows as the restored table when order does not count.
 */
export async function findSameRows(
  { dumps }: Pick<MigrateDeps, 'dumps'>,
  context: EffectContext,
  { backup, restored }: { backup: Backup; restored: MigrationDatabase },
  found: DatabaseContents,
): Promise<string[]> {
  const doubtful = findReordered(backup.contents, found)
  if (doubtful.length === 0) return []
  return readWithoutPolicies(restored, context, async (sql) => {
    const same: string[] = []
    const relations = (await readRelations(sql)).filter(({ name }) => doubtful.includes(name))
    for (const { name, relation, schema, table } of relations) {
      context.progress(`comparing ${name} without the order of its rows`)
      const [inOrder, dumped, copied] = [sumRows('ordered'), sumRows('copy'), sumRows('copy')]
      await dumps.readRows(context, backup.dump, { schema, table }, (row) => {
        inOrder.add(row)
        dumped.add(row)
      })
      if (inOrder.result().sum !== backup.contents.tables[name]!.sum) continue
      await restored.copyOut(sql, `copy ${relation} to stdout`, (row) => copied.add(row))
      if (dumped.result().sum === copied.result().sum) same.push(name)
    }
    return same
  })
}
