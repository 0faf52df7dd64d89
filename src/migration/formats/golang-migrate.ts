import { compareVersions, type FolderFiles, type FoundSeries, othersOf } from './series-file.ts'

const UP = /^(\d+)_(.+)\.up\.sql$/

/**
 * Reads a folder of golang-migrate: `000012_users.up.sql`, and `000012_users.down.sql` for the way back.
 * https://github.com/golang-migrate/migrate/blob/master/MIGRATIONS.md
 */
export function readGolangMigrate(files: FolderFiles): FoundSeries | null {
  const ups = Object.keys(files).flatMap((file) => {
    const [, version, name] = UP.exec(file) ?? []
    return version === undefined ? [] : [{ file, version, name: name! }]
  })
  if (ups.length === 0) return null
  ups.sort((a, b) => compareVersions(a.version, b.version))
  const downOf = (file: string) => file.replace(/\.up\.sql$/, '.down.sql')
  return {
    migrations: ups.map(({ file, version, name }) => ({
      version,
      name,
      file,
      up: files[file]!,
      down: files[downOf(file)] ?? null,
    })),
    left: othersOf(
      files,
      ups.flatMap(({ file }) => [file, downOf(file)]),
      'it has no .up.sql',
    ),
  }
}
