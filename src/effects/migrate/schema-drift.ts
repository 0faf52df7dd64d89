import { Stop } from '../../domain/errors.ts'
import { type Catalogue, compareSchemas, describeSchemaDifference } from '../../migration/catalogue.ts'

/**
 * Compares a schema with the one that the run depends on.
 * @param words.changed what changed since when, as a clause that ends before the list of differences
 * @param words.kept what did not happen because of it
 * @throws STOP_DRIFT when they differ
 */
export function assertSameSchema(
  expected: Catalogue,
  found: Catalogue,
  words: { changed: string; kept: string; next: string },
): void {
  if (expected.digest === found.digest) return
  const lines = describeSchemaDifference(compareSchemas(expected, found))
  throw new Stop('STOP_DRIFT', `${words.changed}: ${lines.slice(0, 5).join('; ')}; ${words.kept}`, {
    next: words.next,
    data: { differences: lines.slice(0, 100) },
  })
}
