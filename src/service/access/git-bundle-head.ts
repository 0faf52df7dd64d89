import { open } from 'node:fs/promises'
import { GIT_BUNDLE } from './input-limits.ts'

/** What the head of a git bundle says of its content. */
interface GitBundleHead {
  objectFormat: 'sha1' | 'sha256'
  /** Names of refs with the ids of their commits. */
  refs: { [name: string]: string }
}

/** The head at most, in bytes: refs are listed in it. */
const MAX_BYTES = 1024 * 1024
const REF = /^([0-9a-f]{40}|[0-9a-f]{64}) (HEAD|refs\/[^\0-\x20\x7f~^:?*[\\]+)$/
/** What git-check-ref-format(1) forbids besides. */
const ODD_NAME = /\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)|[/.]$/

/** Whether a file begins as a git bundle does. */
export async function isGitBundle(path: string): Promise<boolean> {
  return GIT_BUNDLE.test((await readStart(path, 32)) ?? '')
}

/**
 * Reads the head of a git bundle, versions 2 and 3 of gitformat-bundle(5). A bundle that needs commits which it does not hold, or that holds
 * less than its commits, has no head that can be used.
 * @returns the head, or in words why it can't be used
 */
export async function readGitBundleHead(path: string): Promise<GitBundleHead | string> {
  const text = (await readStart(path, MAX_BYTES)) ?? ''
  const end = text.indexOf('\n\n')
  if (!GIT_BUNDLE.test(text)) return 'it is no git bundle'
  if (end < 0) return 'its head does not end, or lists too many refs'
  const head: GitBundleHead = { objectFormat: 'sha1', refs: {} }
  for (const line of text.slice(0, end).split('\n').slice(1)) {
    if (line.startsWith('-'))
      return 'it needs commits that it does not hold; make it without a range: git bundle create <file> <branch>'
    if (line.startsWith('@')) {
      const [, format] = /^@object-format=(sha1|sha256)$/.exec(line) ?? []
      if (format === undefined)
        return `it asks for ${JSON.stringify(line.slice(0, 100))}, which is not supported here`
      head.objectFormat = format as GitBundleHead['objectFormat']
      continue
    }
    const [, id, name] = REF.exec(line) ?? []
    if (id === undefined || name === undefined || ODD_NAME.test(name))
      return `its head has the line ${JSON.stringify(line.slice(0, 100))}, which names no ref that git allows`
    head.refs[name] = id
  }
  return Object.keys(head.refs).length === 0 ? 'it names no ref' : head
}

async function readStart(path: string, most: number): Promise<string | null> {
  const file = await open(path, 'r').catch(() => null)
  if (file === null) return null
  try {
    const bytes = Buffer.alloc(most)
    const { bytesRead } = await file.read(bytes, 0, most, 0)
    return bytes.toString('latin1', 0, bytesRead)
  } finally {
    await file.close()
  }
}
