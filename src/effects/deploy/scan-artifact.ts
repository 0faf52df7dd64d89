import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { extract, type Header } from 'tar-stream'
import { type Allowance, applyAllowances } from './allowances.ts'
import type { ArtifactEntry, ArtifactFinding } from './artifact-entry.ts'
import { listLinkFaults } from './artifact-links.ts'
import {
  type ContentRule,
  contentRules,
  findAttributeFault,
  findCacheFolder,
  findNameFault,
  mayHoldSecret,
} from './artifact-rules.ts'

const KINDS: { [type: string]: ArtifactEntry['type'] } = {
  file: 'file',
  directory: 'directory',
  symlink: 'symlink',
}

/**
 * Reads every entry of a tar while it is written: names, kinds, links and contents. It finds everything that must not go to a host. No finding holds the text
 * of a secret. `allow` names findings that a person has examined.
 */
export async function scanArtifact(
  tar: Readable,
  allow: Allowance[] = [],
): Promise<{ entries: ArtifactEntry[]; findings: ArtifactFinding[] }> {
  const entries: ArtifactEntry[] = []
  const findings: ArtifactFinding[] = []
  const reader = extract()
  // By its events, because waiting for each entry costs more than reading it.
  reader.on('entry', (header, content, next) => {
    const path = header.name.replace(/\/$/, '')
    const fault = findNameFault(path)
    // A cache is reported once, not for each of its files.
    if (fault !== null && (findCacheFolder(path) ?? path) === path)
      findings.push({ path: printable(path), ...fault })
    const type = KINDS[header.type ?? 'file']
    if (type === undefined)
      findings.push({
        rule: 'kind',
        path,
        severity: 'refused',
        why: `is a ${header.type}, which an artifact must not hold`,
        fixed: true,
      })
    const reading = type === undefined ? null : readContent(path)
    content.on('data', (chunk) => reading?.take(chunk as Buffer))
    content.on('end', () => {
      if (reading !== null) {
        const { sha256, found } = reading.end()
        findings.push(...found)
        entries.push(makeEntry(path, type!, header, sha256))
      }
      next()
    })
    content.resume()
  })
  await pipeline(tar, reader)
  const all = [...mergeCaches(findings), ...listDuplicates(entries), ...listLinkFaults(entries)]
  return { entries, findings: applyAllowances(all, allow) }
}

function makeEntry(path: string, type: ArtifactEntry['type'], header: Header, sha256: string): ArtifactEntry {
  const base = { path, type, mode: (header.mode ?? 0) & 0o7777, size: header.size ?? 0 }
  if (type === 'file') return { ...base, sha256 }
  return type === 'symlink' ? { ...base, target: header.linkname ?? '' } : base
}

/** Longer than any token or header of the rules, so that none is missed between two chunks. */
const OVERLAP = 512
/** Characters of a `.gitattributes` that are read. */
const HEAD = 64 * 1024

/** Reads the content of one file: its hash, and what its bytes say. */
function readContent(path: string): {
  take(chunk: Buffer): void
  end(): { sha256: string; found: ArtifactFinding[] }
} {
  const hash = createHash('sha256')
  const met = new Set<ContentRule>()
  const isAttributes = path.endsWith('.gitattributes')
  let tail = ''
  let head: string | null = null
  let attributes = ''
  return {
    take(chunk) {
      hash.update(chunk)
      const start = head === null
      const text = tail + chunk.toString('latin1')
      if (mayHoldSecret(text, start))
        for (const rule of contentRules)
          if (!met.has(rule) && (start || !rule.atStart) && rule.pattern.test(text)) met.add(rule)
      head ??= text.slice(0, 1024)
      if (isAttributes && attributes.length < HEAD)
        attributes = (attributes + chunk.toString('utf8')).slice(0, HEAD)
      tail = text.slice(-OVERLAP)
    },
    end() {
      const pointer = /^oid sha256:([0-9a-f]{64})$/m.exec(head ?? '')?.[1]
      const fault = findAttributeFault(path, attributes)
      const rules = contentRules.filter((rule) => met.has(rule))
      return {
        sha256: hash.digest('hex'),
        found: [
          ...(fault === null ? [] : [{ path: printable(path), ...fault }]),
          ...rules.map(({ rule, why, severity }) => ({
            path,
            rule,
            why,
            severity,
            ...(rule === 'large-file-pointer' && pointer !== undefined ? { id: pointer } : {}),
          })),
        ],
      }
    },
  }
}

/** Reports a cache once, not for each of its files. */
function mergeCaches(findings: ArtifactFinding[]): ArtifactFinding[] {
  const reported = new Set<string>()
  return findings.flatMap((finding) => {
    const folder = finding.rule === 'cache' ? findCacheFolder(finding.path) : null
    if (folder === null) return [finding]
    if (reported.has(folder)) return []
    reported.add(folder)
    return [{ ...finding, path: folder }]
  })
}

function listDuplicates(entries: ArtifactEntry[]): ArtifactFinding[] {
  const findings: ArtifactFinding[] = []
  const seen = new Map<string, string>()
  for (const { path } of entries) {
    const folded = path.normalize('NFC').toLowerCase()
    const other = seen.get(folded)
    if (other === path)
      findings.push({ rule: 'duplicate', path, severity: 'refused', why: 'occurs twice', fixed: true })
    else if (other !== undefined)
      findings.push({
        rule: 'duplicate',
        path,
        severity: 'warn',
        why: `differs from ${other} only in case or in how letters are composed`,
      })
    else seen.set(folded, path)
  }
  return findings
}

/** A path without control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be printed
export const printable = (path: string) => path.replace(/[\x00-\x1f\x7f]/g, '?')
