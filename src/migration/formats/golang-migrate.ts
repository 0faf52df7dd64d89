import { type FolderFiles, type FoundSeries, orderByVersion, othersOf } from './series-file.ts'

const UP = /^(\d+)_(.*)\.up\.sql$/

/**
 * Reads a folder of golang-migrate: `000012_users.up.sql`, and `000012_users.down.sql` for the way back.
 * https://github.com/golang-migrate/migrate/blob/master/MIGRATIONS.md
 */
export function readGolangMigrate(files: FolderFiles): FoundSeries | null {
  const found = Object.keys(files).flatMap((file) => {
    const [, version, name] = UP.exec(file) ?? []
    return version === undefined ? [] : [{ file, version, name: name || version }]
  })
  if (found.length === 0) return null
  const ups = orderByVersion(found)
  const downOf = (file: string) => file.replace(/\.up\.sql$/, '.down.sql')
  return {
    migrations: ups.map((one) => ({ ...one, up: files[one.file]!, down: files[downOf(one.file)] ?? null })),
    left: othersOf(
      files,
      ups.flatMap(({ file }) => [file, downOf(file)]),
      'it has no .up.sql',
    ),
  }
}
