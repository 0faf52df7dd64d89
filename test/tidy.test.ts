import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EXIT_OF_ERROR } from '../src/cli/exit-codes.ts'

const root = resolve(import.meta.dirname, '..')

function sourceFiles(): string[] {
  const found = ['src', 'machines'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  return found.filter((name) => name.endsWith('.ts'))
}

describe('the error catalogue', () => {
  test('gives every error code an exit code, and uses every one', () => {
    const text = sourceFiles()
      .map((file) => readFileSync(join(root, file), 'utf8'))
      .join('\n')
    const unused = Object.keys(EXIT_OF_ERROR).filter((code) => text.split(`'${code}'`).length - 1 < 2)
    expect(unused).toEqual([])
  })
})

test('reports the longest files, and fails on none', () => {
  const lengths = sourceFiles().map((file) => ({
    file,
    lines: readFileSync(join(root, file), 'utf8').split('\n').length,
  }))
  const long = lengths.filter(({ lines }) => lines > 300).sort((a, b) => b.lines - a.lines)
  for (const { file, lines } of long) console.info(`${file} has ${lines} lines: does it hold two subjects?`)
  expect(lengths.length).toBeGreaterThan(50)
})
