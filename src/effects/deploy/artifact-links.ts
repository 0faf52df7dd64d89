import type { ArtifactEntry, ArtifactFinding } from './artifact-entry.ts'

/** Links followed for one path, as Linux allows. */
const MAX_LINKS = 40

/**
 * Finds links that would lead out of the artifact, and paths below something that is not a folder. Links are followed as a kernel follows
 * them, through each other: where `a` is a link, `a/..` is the folder above its target.
 */
export function listLinkFaults(entries: ArtifactEntry[]): ArtifactFinding[] {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]))
  return entries.flatMap(({ path, type, target }): ArtifactFinding[] => {
    const above = listAncestors(path).find(
      (folder) => (byPath.get(folder)?.type ?? 'directory') !== 'directory',
    )
    if (above !== undefined)
      return [{ ...linkFinding(path, `lies below ${above}, which is not a folder`), fixed: true }]
    if (type !== 'symlink') return []
    if (target === undefined || target === '')
      return [{ ...linkFinding(path, 'is a link to nothing'), fixed: true }]
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are refused
    if (/[\x00-\x1f\x7f]/.test(target))
      return [{ ...linkFinding(path, 'is a link with a control character in it'), fixed: true }]
    if (target.startsWith('/')) return [linkFinding(path, `is a link to the absolute path ${target}`)]
    const end = followLink(byPath, path.split('/').slice(0, -1), target)
    if (end === 'outside') return [linkFinding(path, `is a link that leads out of the artifact: ${target}`)]
    if (end === 'circle') return [linkFinding(path, `is a link that leads into a circle: ${target}`)]
    return []
  })
}

const linkFinding = (path: string, why: string): ArtifactFinding => ({
  rule: 'link',
  path,
  severity: 'refused',
  why,
})

function listAncestors(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

function followLink(
  byPath: Map<string, ArtifactEntry>,
  from: string[],
  target: string,
): 'inside' | 'outside' | 'circle' {
  const at = [...from]
  const ahead = target.split('/')
  for (let steps = 0; ahead.length > 0; ) {
    const part = ahead.shift()!
    if (part === '' || part === '.') continue
    if (part === '..') {
      if (at.pop() === undefined) return 'outside'
      continue
    }
    const entry = byPath.get([...at, part].join('/'))
    if (entry?.type !== 'symlink') {
      at.push(part)
      continue
    }
    if (++steps > MAX_LINKS) return 'circle'
    if (entry.target!.startsWith('/')) return 'outside'
    ahead.unshift(...entry.target!.split('/'))
  }
  return 'inside'
}
