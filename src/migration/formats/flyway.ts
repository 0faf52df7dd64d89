import { compareVersions, type FolderFiles, type FoundSeries, orderByVersion } from './series-file.ts'

const VERSIONED = /^(?:.*\/)?V(\d[\d._]*?)__(.+)\.sql$/
const UNDO = /^(?:.*\/)?U(\d[\d._]*?)__.+\.sql$/

/**
 * Reads a folder of Flyway: `V1.2__users.sql`, and the undo script of the same version, such as `U1.2__drop_users.sql`, for the way back. Scripts
 * that run again after each change (`R__`), baselines, callbacks, and migrations in other languages are left out.
 * https://documentation.red-gate.com/flyway/flyway-concepts/migrations
 */
export function readFlyway(files: FolderFiles): FoundSeries | null {
  const found = findScripts(files, VERSIONED)
  if (found.length === 0) return null
  const backs = findScripts(files, UNDO)
  const undoOf = (version: string) =>
    backs.find((undo) => compareVersions(undo.version, version) === 0)?.file ?? null
  const isTemplate = (file: string | null) =>
    file !== null &&
    /\$\{[^}]+\}/.test(files[file]!) &&
    !/^\s*placeholderReplacement\s*=\s*false\s*$/m.test(files[`${file}.conf`] ?? '')
  const migrations = []
  const left: FoundSeries['left'] = []
  const used = new Set<string>()
  for (const one of orderByVersion(found)) {
    const undo = undoOf(one.version)
    for (const file of undo === null ? [one.file] : [one.file, undo]) used.add(file)
    const template = [one.file, undo].find(isTemplate)
    if (template === undefined)
      migrations.push({ ...one, up: files[one.file]!, down: undo === null ? null : files[undo]! })
    else left.push({ file: one.file, why: placeholders(template === one.file ? 'it' : template!) })
  }
  const others = Object.keys(files).filter((file) => !used.has(file) && !file.endsWith('.conf'))
  return { migrations, left: [...left, ...others.sort().map((file) => ({ file, why: whyLeft(file) }))] }
}

function findScripts(files: FolderFiles, pattern: RegExp) {
  return Object.keys(files).flatMap((file) => {
    const [, version, name = ''] = pattern.exec(file) ?? []
    return version === undefined ? [] : [{ file, version, name }]
  })
}

const placeholders = (which: string) =>
  `${which} has placeholders, which Flyway fills in: write their values into it first`

function whyLeft(path: string): string {
  const file = path.split('/').at(-1)!
  if (!file.endsWith('.sql')) return 'it is no SQL script: write what it does as SQL'
  if (UNDO.test(file)) return 'it undoes a version that has no script'
  if (/^R__/.test(file)) return 'Flyway runs it again whenever it has changed: make a bundle of it by hand'
  return 'Flyway does not run it once, in order: it is a baseline, a callback, or has another name'
}
