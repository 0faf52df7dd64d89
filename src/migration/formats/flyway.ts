import { compareVersions, type FolderFiles, type FoundSeries, othersOf } from './series-file.ts'

const VERSIONED = /^(?:.*\/)?V(\d[\d._]*)__(.+)\.sql$/

/**
 * Reads a folder of Flyway: `V1.2__users.sql`, and `U1.2__users.sql` for the way back. Scripts that run again after each change (`R__`),
 * baselines and callbacks are left out. https://documentation.red-gate.com/flyway/flyway-concepts/migrations
 */
export function readFlyway(files: FolderFiles): FoundSeries | null {
  const found = Object.keys(files).flatMap((file) => {
    const [, version, name] = VERSIONED.exec(file) ?? []
    return version === undefined ? [] : [{ file, version, name: name! }]
  })
  if (found.length === 0) return null
  found.sort((a, b) => compareVersions(a.version, b.version))
  const undoOf = (file: string) => file.replace(/(^|\/)V(?=[^/]*$)/, '$1U')
  const withPlaceholder = found.filter(({ file }) => /\$\{[^}]+\}/.test(files[file]!))
  const left = new Set(withPlaceholder)
  return {
    migrations: found
      .filter((one) => !left.has(one))
      .map(({ file, version, name }) => ({
        version,
        name,
        file,
        up: files[file]!,
        down: files[undoOf(file)] ?? null,
      })),
    left: [
      ...withPlaceholder.map(({ file }) => ({
        file,
        why: 'it has placeholders, which Flyway fills in: write their values into it first',
      })),
      ...othersOf(
        files,
        found.flatMap(({ file }) => [file, undoOf(file)]),
        'Flyway runs it at other times than once, in order: it repeats, is a baseline or a callback',
      ),
    ],
  }
}
