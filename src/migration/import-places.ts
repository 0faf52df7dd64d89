/** A bundle that an earlier import made. */
export interface EarlierImport {
  name: string
  /** The file that it was made of, as its bundle.yaml names it. */
  from: string
}

interface Place {
  name: string
  made: boolean
  /** Of a new bundle: the first that was there and follows it in the order of the other tool; null where none does. */
  before: string | null
}

/** The first line of an imported bundle.yaml. A later import knows the bundle by it. */
export const importedFrom = (file: string, format: string) =>
  `# Imported from ${printable(file)} (${format}). cutter migrate propose fills in what it is expected to do.`

/** The file that a bundle.yaml was made of; null where no import made it. */
export const findImportedFile = (bundleYaml: string): string | null =>
  /^# Imported from (.*) \([a-z-]+\)\. /.exec(bundleYaml)?.[1] ?? null

const printable = (file: string) => file.replace(/[^ -~]/g, '?')

/**
 * Gives each migration of a series the name of its bundle. One that was imported before keeps its name, also where others came in front of
 * it since. New ones get the places after all that are there, because those may have been applied.
 * @param series in the order of the other tool
 * @param taken all names in the folder
 */
export function placeImports(
  series: { file: string; name: string }[],
  earlier: EarlierImport[],
  taken: string[],
): Place[] {
  const left = [...earlier]
  const kept = series.map(({ file }) => {
    const at = left.findIndex(({ from }) => from === printable(file))
    return at < 0 ? null : left.splice(at, 1)[0]!.name
  })
  const placeOf = (name: string) => Number(/^\d+/.exec(name)?.[0] ?? 0)
  let place = Math.max(0, ...earlier.map(({ name }) => placeOf(name)))
  const digits = Math.max(3, String(place + kept.filter((name) => name === null).length).length)
  return series.map(({ name }, at) => {
    const known = kept[at]!
    if (known !== null) return { name: known, made: false, before: null }
    let made: string
    do {
      place += 1
      made = `${String(place).padStart(digits, '0')}-${slugOf(name)}`.slice(0, 63).replace(/-+$/, '')
    } while (taken.includes(made))
    return { name: made, made: true, before: kept.slice(at + 1).find((one) => one !== null) ?? null }
  })
}

const slugOf = (name: string) =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '') || 'migration'
