import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

const MAX_DEPTH = 16

/**
 * The text of an ssh config with its `Include` lines replaced by the files that they name (ssh_config(5)): relative to `~/.ssh`, with
 * wildcards in the last part of a path, in the order of their names. A missing file is left out, as OpenSSH does.
 * Throws when files include each other too deeply.
 */
export function expandIncludes(text: string, home: string, depth = 0): string {
  if (depth > MAX_DEPTH) throw new Error(`Include is nested deeper than ${MAX_DEPTH} files`)
  return text.replace(/^[ \t]*include[ \t=]+(.+)$/gim, (_, patterns: string) => {
    const words = patterns.match(/"[^"]*"|\S+/g) ?? []
    return words
      .flatMap((word) => listMatching(word.replaceAll('"', ''), home))
      .map((file) => expandIncludes(readText(file), home, depth + 1))
      .join('\n')
  })
}

function listMatching(pattern: string, home: string): string[] {
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

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
