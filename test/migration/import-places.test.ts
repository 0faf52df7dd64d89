import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findImportedFile, importedFrom, placeImports } from '../../src/migration/import-places.ts'

const series = (...files: string[]) => files.map((file) => ({ file, name: file.replace(/\W/g, '-') }))
/** What an import of these files into an empty folder made. */
const importedOnce = (files: string[]) =>
  placeImports(series(...files), [], []).map(({ name }, at) => ({ name, from: files[at]! }))

describe('placeImports', () => {
  test('a migration keeps the name of its bundle when another comes in front of it, which gets the next place', () => {
    const earlier = importedOnce(['V1', 'V3'])
    const places = placeImports(
      series('V1', 'V2', 'V3', 'V4'),
      earlier,
      earlier.map(({ name }) => name),
    )
    expect(places).toEqual([
      { name: '001-v1', made: false, before: null },
      { name: '003-v2', made: true, before: '002-v3' },
      { name: '002-v3', made: false, before: null },
      { name: '004-v4', made: true, before: null },
    ])
  })

  test('the thousandth migration renames none of those before it', () => {
    const files = Array.from({ length: 1_000 }, (_, at) => `V${at + 1}`)
    const earlier = importedOnce(files.slice(0, 999))
    expect(earlier[0]!.name).toBe('001-v1')
    const places = placeImports(series(...files), earlier, [])
    expect(places.filter(({ made }) => made)).toEqual([{ name: '1000-v1000', made: true, before: null }])
    expect(places[0]).toEqual({ name: '001-v1', made: false, before: null })
  })

  test('a name that something else has in the folder is not given', () => {
    expect(placeImports(series('a'), [], ['001-a', '002-a'])).toMatchObject([{ name: '003-a' }])
  })

  test('whatever is imported in how many steps, no migration has two bundles, and no bundle two migrations', () => {
    const files = fc.uniqueArray(fc.stringMatching(/^[a-cäß]{1,3}$/), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(files, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), (all, first) => {
        const some = all.filter((_, at) => first[at])
        const names = placeImports(series(...some), [], []).map(({ name }) => name)
        const earlier = some.map((file, at) => ({
          name: names[at]!,
          from: findImportedFile(importedFrom(file, 'flyway'))!,
        }))
        const places = placeImports(series(...all), earlier, names)
        expect(new Set(places.map(({ name }) => name)).size).toBe(all.length)
        expect(places.filter(({ made }) => !made)).toHaveLength(some.length)
        const again = placeImports(
          series(...all),
          places.map(({ name }, at) => ({ name, from: findImportedFile(importedFrom(all[at]!, 'flyway'))! })),
          places.map(({ name }) => name),
        )
        expect(again.every(({ made }) => !made)).toBe(true)
      }),
    )
  })
})
