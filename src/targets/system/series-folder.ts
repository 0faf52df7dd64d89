import { readdir, readFile } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { CutterError } from '../../domain/errors.ts'

/** Folders of other tools are mostly one or two deep. */
const DEPTH = 10
/** Scripts, what Flyway notes about one, the plan of sqitch, and migrations of Flyway in other languages, which are named as left out. */
const READ = /\.sql(\.conf)?$|^sqitch\.plan$/
const NAMED = /^V\d[^/]*__.*\.\w+$/
const MOST_FILES = 20_000

/**
 * Reads the SQL files and the plan of another migration tool's folder, by their paths in it.
 * @throws INPUT_REFUSED when the folder can't be read, or a file is not UTF-8
 */
export async function readSeriesFolder(folder: string): Promise<{ [path: string]: string }> {
  const files: { [path: string]: string } = {}
  for (const path of await listFiles(folder, DEPTH)) {
    const name = relative(folder, path).split(sep).join('/')
    files[name] = READ.test(basename(path)) ? await readText(path) : ''
  }
  return files
}

async function listFiles(folder: string, depth: number): Promise<string[]> {
  const found: string[] = []
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory() && depth > 1 && !/^(\.|node_modules$)/.test(entry.name))
        found.push(...(await listFiles(path, depth - 1)))
      else if (entry.isFile() && (READ.test(entry.name) || NAMED.test(entry.name))) found.push(path)
    }
  } catch (error) {
    throw refused(`the folder ${folder} can’t be read: ${(error as Error).message}`, error)
  }
  if (found.length <= MOST_FILES) return found.sort()
  throw refused(`the folder ${folder} has more than ${MOST_FILES} SQL files`)
}

async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch (error) {
    throw refused(`${path} can’t be read as UTF-8: ${(error as Error).message}`, error)
  }
}

const refused = (why: string, cause?: unknown) =>
  new CutterError('INPUT_REFUSED', `${why}; nothing was written`, {
    next: 'give the folder in which another tool keeps its migrations',
    cause,
  })
