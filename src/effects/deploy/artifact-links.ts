import type { ArtifactEntry, ArtifactFinding } from './scan-artifact.ts'

const LONGEST_WAY = 40

/**
 * Links that would lead out of the artifact, and paths that lie below something that is no folder. Links are followed as a kernel would,
 * through each other: `a/..` is not where it reads when `a` is a link.
 */
export function findLinkFaults(entries: ArtifactEntry[]): ArtifactFinding[] {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]))
  return entries.flatMap(({ path, type, target }): ArtifactFinding[] => {
    const above = ancestors(path).find((folder) => (byPath.get(folder)?.type ?? 'directory') !== 'directory')
    if (above !== undefined) return [fault(path, `lies below ${above}, which is no folder`)]
    if (type !== 'symlink') return []
    if (target === undefined || target === '') return [fault(path, 'is a link to nothing')]
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are refused
    if (/[\x00-\x1f\x7f]/.test(target)) return [fault(path, 'is a link with a control character in it')]
    if (target.startsWith('/')) return [fault(path, `is a link to the absolute path ${target}`)]
    const end = followed(byPath, path.split('/').slice(0, -1), target)
    if (end === 'outside') return [fault(path, `is a link that leads out of the artifact: ${target}`)]
    if (end === 'circle') return [fault(path, `is a link that leads round in a circle: ${target}`)]
    return []
  })
}

const fault = (path: string, why: string): ArtifactFinding => ({
  rule: 'link',
  path,
  severity: 'refused',
  why,
})

function ancestors(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

function followed(
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
    if (++steps > LONGEST_WAY) return 'circle'
    if (entry.target!.startsWith('/')) return 'outside'
    ahead.unshift(...entry.target!.split('/'))
  }
  return 'inside'
}
