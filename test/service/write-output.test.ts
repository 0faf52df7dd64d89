import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openHome } from '../../src/app/open-home.ts'
import { makeOutputFolder, writeOutput } from '../../src/service/write-output.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cutter-write-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('makeOutputFolder', () => {
  test('makes a folder with those above it, and keeps one that is there', () => {
    makeOutputFolder(join(folder, 'a/b'))
    makeOutputFolder(join(folder, 'a/b'))
    expect(readdirSync(join(folder, 'a'))).toEqual(['b'])
  })

  test('refuses a folder below a file', () => {
    writeFileSync(join(folder, 'file'), '')
    expect(() => makeOutputFolder(join(folder, 'file/x'))).toThrow(
      expect.objectContaining({ code: 'INPUT_REFUSED' }),
    )
  })
})

describe('writeOutput', () => {
  const home = () => openHome({ home: folder, env: {}, cwd: folder, interrupt: new AbortController().signal })
  const write = async (file: string) => {
    writeFileSync(file, 'content', { flag: 'wx' })
    return { file, bytes: 7 }
  }

  test('writes the file that the caller names, from the caller’s folder', async () => {
    expect(await writeOutput(home(), 'out.tar', write)).toEqual({ file: join(folder, 'out.tar'), bytes: 7 })
    expect(readFileSync(join(folder, 'out.tar'), 'utf8')).toBe('content')
  })

  test('hands a complete file over, and keeps none', async () => {
    const seen: string[] = []
    const hand = async (file: string) => void seen.push(file, readFileSync(file, 'utf8'))
    expect(await writeOutput(home(), hand, write)).toEqual({ file: '-', bytes: 7 })
    expect(seen[1]).toBe('content')
    expect(() => readFileSync(seen[0]!)).toThrow('ENOENT')
  })

  test('keeps none when handing over fails', async () => {
    let place = ''
    const hand = async (file: string) => {
      place = file
      throw new Error('the pipe is closed')
    }
    await expect(writeOutput(home(), hand, write)).rejects.toThrow('the pipe is closed')
    expect(() => readFileSync(place)).toThrow('ENOENT')
  })
})
