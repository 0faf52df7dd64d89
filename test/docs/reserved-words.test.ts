import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { GOVERNANCE_TABLES } from '../../src/targets/postgres/target-schema.ts'

/** Each word of the target's schema is written by a cut, or documented as reserved. */

const root = resolve(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const textsIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|sql)$/.test(name))
    .map((name) => read(join(folder, name)))
    .join('\n')

const migrations = textsIn('migrations/target')
const writers = textsIn('src/effects/cut')
const rows = read('docs/cut.md').split('\n')
const reserved = rows.slice(rows.findIndex((row) => row.startsWith('| reserved |')))

/** The values that the newest constraint of a column accepts. */
function valuesOf(column: string): string[] {
  const found = [...migrations.matchAll(new RegExp(`check \\(${column} in \\(([^)]*)\\)`, 'g'))].at(-1)!
  return [...found[1]!.matchAll(/'(\w+)'/g)].map(([, value]) => value!)
}

const isReserved = (...words: string[]) =>
  reserved.some((row) => words.every((word) => row.split('|')[1]?.includes(`\`${word}\``)))

describe('the words of the schema', () => {
  test.each(['operation_kind', 'alias_kind'])(
    '%s has values that a cut writes or that are documented as reserved',
    (column) => {
      const values = valuesOf(column)
      expect(values.length).toBeGreaterThan(2)
      for (const value of values)
        expect([value, writers.includes(`'${value}'`) !== isReserved(column, value)]).toEqual([value, true])
    },
  )

  test('each governance table is written by a cut or documented as reserved', () => {
    for (const table of GOVERNANCE_TABLES)
      expect([table, writers.includes(`cutter_governance.${table}`) !== isReserved(table)]).toEqual([
        table,
        true,
      ])
  })

  test('the outcome failed is documented as reserved for charts of users', () => {
    expect(textsIn('machines')).not.toContain("closed('failed')")
    expect(read('docs/machines.md')).toContain('No shipped machine\nwrites `failed`')
  })
})
