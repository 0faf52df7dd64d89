import { type FolderFiles, type FoundSeries, orderByVersion, othersOf } from './series-file.ts'

const NAME = /^(\d+)_?(.*)\.sql$/
const SECTION = /^--[^\S\n]*migrate:(up|down)(?=\s|$).*$/gm

/**
 * Reads a folder of dbmate: `20240101000000_users.sql` with `-- migrate:up` and `-- migrate:down` in one file. The lines of both marks
 * stay, because they are comments. https://github.com/amacneil/dbmate#creating-migrations
 */
export function readDbmate(files: FolderFiles): FoundSeries | null {
  const found = Object.keys(files).flatMap((file) => {
    const [, version, name] = NAME.exec(file) ?? []
    const sections = version === undefined ? null : sectionsOf(file, files[file]!)
    return sections === null ? [] : [{ file, version: version!, name: name || version!, ...sections }]
  })
  if (found.length === 0) return null
  const used = found.map(({ file }) => file)
  return { migrations: orderByVersion(found), left: othersOf(files, used, 'it has no line -- migrate:up') }
}

/** The way back is all that follows its mark, as dbmate reads it. */
function sectionsOf(file: string, text: string) {
  const marks = [...text.matchAll(SECTION)]
  const ups = marks.filter(([, name]) => name === 'up')
  const [up] = ups
  if (up === undefined) return null
  const down = marks.find(([, name]) => name === 'down')
  const before = text.slice(0, up.index).split('\n')
  const faults = [
    ...(ups.length > 1 ? ['has -- migrate:up more than once: split it into several files'] : []),
    ...(down !== undefined && down.index < up.index ? ['has -- migrate:down before -- migrate:up'] : []),
    ...(before.some((line) => !/^\s*(--|$)/.test(line))
      ? ['has statements before -- migrate:up, which dbmate refuses']
      : []),
  ]
  return {
    up: text.slice(up.index, down !== undefined && down.index > up.index ? down.index : undefined),
    down: down === undefined || down.index < up.index ? null : text.slice(down.index),
    faults: faults.map((fault) => `${file}: ${fault}`),
  }
}
