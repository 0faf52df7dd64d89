import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

const DEEPEST = 16

/**
 * The text of an ssh config with its `Include` lines replaced by what they name, as OpenSSH does: relative to `~/.ssh`, wildcards in the
 * last part of a path, files in the order of their names. A file that isn't there is left out, also as OpenSSH does.
 */
export function expandIncludes(text: string, home: string, depth = 0): string {
  if (depth > DEEPEST) throw new Error(`Include goes deeper than ${DEEPEST} files`)
  return text.replace(/^[ \t]*include[ \t=]+(.+)$/gim, (_, patterns: string) => {
    const words = patterns.match(/"[^"]*"|\S+/g) ?? []
    return words
      .flatMap((word) => filesLike(word.replaceAll('"', ''), home))
      .map((file) => expandIncludes(read(file), home, depth + 1))
      .join('\n')
  })
}

function filesLike(pattern: string, home: string): string[] {
  const path = resolve(join(home, '.ssh'), pattern.replace(/^~(?=\/)/, home))
  const name = basename(path)
  if (!/[*?]/.test(name)) return [path]
  const wild = new RegExp(
    `^${name
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  )
  try {
    return readdirSync(dirname(path))
      .filter((entry) => wild.test(entry) && (!entry.startsWith('.') || name.startsWith('.')))
      .sort()
      .map((entry) => join(dirname(path), entry))
  } catch {
    return []
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
