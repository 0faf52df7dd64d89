import { compareNames } from '../../domain/compare-names.ts'
import { type FolderFiles, type FoundSeries, othersOf } from './series-file.ts'

/**
 * Reads plain folders, in the order of their names, 9 before 10: `up/012.sql` with `down/012.sql`, or `012_users/up.sql` with `012_users/down.sql`
 * (Diesel) or `012_users/migration.sql` (Prisma).
 */
export function readUpAndDown(files: FolderFiles): FoundSeries | null {
  const found = Object.keys(files).flatMap((file) => {
    const [, inUp] = /^up\/([^/]+)\.sql$/.exec(file) ?? []
    if (inUp !== undefined) return [{ file, version: inUp, down: `down/${inUp}.sql` }]
    const [, folder] = /^([^/]+)\/(?:up|migration)\.sql$/.exec(file) ?? []
    return folder === undefined ? [] : [{ file, version: folder, down: `${folder}/down.sql` }]
  })
  if (found.length === 0) return null
  found.sort((a, b) => compareNames(a.version, b.version))
  return {
    migrations: found.map(({ file, version, down }) => ({
      version,
      name: version.replace(/^[\d_-]+(?=[^\d_-])/, ''),
      file,
      up: files[file]!,
      down: files[down] ?? null,
    })),
    left: othersOf(
      files,
      found.flatMap(({ file, down }) => [file, down]),
      'it is neither an up nor a down script',
    ),
  }
}
