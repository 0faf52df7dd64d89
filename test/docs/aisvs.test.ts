import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const page = readFileSync(join(ROOT, 'docs/aisvs.md'), 'utf8')
const sections = page
  .split(/^## /m)
  .slice(1)
  .map((text) => ({ row: text.split('\n')[0]!, text }))
const answers = new Map(
  [...page.matchAll(/^\| \[(\S+)\]\(#\S+\) \| \d \| (.+) \|$/gm)].map(([, row, answer]) => [row!, answer!]),
)

describe('docs/aisvs.md', () => {
  test('answers each row of C9.2 once', () => {
    const rows = Array.from({ length: 10 }, (_, index) => `v1.0-C9.2.${index + 1}`)
    expect(sections.map(({ row }) => row)).toEqual(rows)
    expect([...answers.keys()]).toEqual(rows)
  })

  test.each(sections)('gives the answer of its table in the section $row', ({ row, text }) => {
    const [, answer] = /\*\*(.+?)\.?\*\*/.exec(text)!
    expect(answer!.toLowerCase()).toBe(answers.get(row))
  })

  test.each(sections)('names tests that exist in the section $row', ({ row, text }) => {
    const named = [...text.matchAll(/^- `(\S+)`: (.+)$/gm)].map(([, file, name]) => ({
      file: file!,
      name: name!,
    }))
    expect(named.length > 0).toBe(/^(?:partly )?met$/.test(answers.get(row)!))
    const isThere = ({ file, name }: { file: string; name: string }) =>
      existsSync(join(ROOT, file)) && readFileSync(join(ROOT, file), 'utf8').includes(`'${name}'`)
    expect(named.filter((one) => !isThere(one))).toEqual([])
  })
})
