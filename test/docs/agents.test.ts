import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TOOLS } from '../../src/mcp/tools.ts'

/** docs/agents.md, against the tools and the tests. */

const ROOT = resolve(import.meta.dirname, '../..')
const page = readFileSync(join(ROOT, 'docs/agents.md'), 'utf8')
const rows = [...page.matchAll(/^\| .* \| `(test\/[^`]+)`: (.+) \|$/gm)].map(
  ([, file, name]) => [file!, name!] as const,
)

describe('docs/agents.md', () => {
  test('lists each tool once', () => {
    const listed = [...page.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, name]) => name)
    expect(listed.sort()).toEqual(TOOLS.map(({ name }) => name).sort())
  })

  test('has attacks', () => expect(rows.length).toBeGreaterThan(12))

  test.each(rows)('names a test of %s: %s', (file, name) => {
    expect(existsSync(join(ROOT, file)), file).toBe(true)
    expect(readFileSync(join(ROOT, file), 'utf8')).toContain(`'${name}'`)
  })
})
