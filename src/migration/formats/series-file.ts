/** What the readers of other tools' folders share. */

/** The text files of a folder, by their path in it, such as `deploy/users.sql`. */
export interface FolderFiles {
  [path: string]: string
}

/** A migration as another tool keeps it. */
export interface FoundMigration {
  /** The version or the name by which the tool orders and records it. */
  version: string
  name: string
  /** The file of the script. */
  file: string
  up: string
  /** The way back; null where the tool has none. */
  down: string | null
  /** Why the tool itself would not apply it, or not as it stands there. */
  faults?: string[]
}

/** The migrations of a folder in the order in which their tool applies them, and the files that are none. */
export interface FoundSeries {
  migrations: FoundMigration[]
  /** Files that were left out, with the reason. */
  left: { file: string; why: string }[]
}

/** Reads the folder of one tool. Returns null where it is not the folder of this tool. */
export type ReadSeries = (files: FolderFiles) => FoundSeries | null

/** Compares versions as numbers, part by part: 1.10 comes after 1.9. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split(/[._]/), b.split(/[._]/)]
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const [one, other] = [BigInt(left[at] || '0'), BigInt(right[at] || '0')]
    if (one !== other) return one < other ? -1 : 1
  }
  return 0
}

/** Orders migrations by their versions. Their tool refuses a folder in which two have the same. */
export function orderByVersion<Found extends { file: string; version: string; faults?: string[] }>(
  found: Found[],
): Found[] {
  const ordered = found.sort((a, b) => compareVersions(a.version, b.version))
  return ordered.map((one, at) => {
    const twin = [ordered[at - 1], ordered[at + 1]].find(
      (other) => other !== undefined && compareVersions(one.version, other.version) === 0,
    )
    if (twin === undefined) return one
    const why = `${one.file}: has the same version as ${twin.file}, so their order is not known`
    return { ...one, faults: [...(one.faults ?? []), why] }
  })
}

/** The files that no migration was read from, with one reason for all. */
export const othersOf = (files: FolderFiles, used: Iterable<string>, why: string): FoundSeries['left'] => {
  const known = new Set(used)
  return Object.keys(files)
    .filter((file) => file.endsWith('.sql') && !known.has(file))
    .sort()
    .map((file) => ({ file, why }))
}
