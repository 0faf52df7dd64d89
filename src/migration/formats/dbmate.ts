import { compareVersions, type FolderFiles, type FoundSeries, othersOf } from './series-file.ts'

const NAME = /^(\d+)_?(.*)\.sql$/
const SECTION = /^--\s*migrate:(up|down)\b.*$/gm

/**
 * Reads a folder of dbmate: `20240101000000_users.sql` with `-- migrate:up` and `-- migrate:down` in one file. The lines of both marks
 * stay, because they are comments. https://github.com/amacneil/dbmate#creating-migrations
 */
export function readDbmate(files: FolderFiles): FoundSeries | null {
  const found = Object.keys(files).flatMap((file) => {
    const [, version, name] = NAME.exec(file) ?? []
    const sections = version === undefined ? null : sectionsOf(files[file]!)
    return sections === null ? [] : [{ file, version: version!, name: name || version!, ...sections }]
  })
  if (found.length === 0) return null
  found.sort((a, b) => compareVersions(a.version, b.version))
  const used = found.map(({ file }) => file)
  return { migrations: found, left: othersOf(files, used, 'it has no line -- migrate:up') }
}

function sectionsOf(text: string): { up: string; down: string | null } | null {
  const marks = [...text.matchAll(SECTION)]
  const cut = (which: 'up' | 'down') => {
    const at = marks.findIndex(([, name]) => name === which)
    return at < 0 ? null : text.slice(marks[at]!.index, marks[at + 1]?.index ?? text.length)
  }
  const up = cut('up')
  return up === null ? null : { up, down: cut('down') }
}
