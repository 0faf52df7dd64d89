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
  const piped = pipeline(tar, reader)
  piped.catch(() => undefined)
  for await (const entry of reader) {
    const { header } = entry
    const path = header.name.replace(/\/$/, '')
    const fault = findNameFault(path)
    // A cache is reported once, not for each of its files.
    if (fault !== null && (findCacheFolder(path) ?? path) === path)
      findings.push({ path: printable(path), ...fault })
    const type = KINDS[header.type ?? 'file']
    if (type === undefined) {
      findings.push({
        rule: 'kind',
        path,
        severity: 'refused',
        why: `is a ${header.type}, which an artifact must not hold`,
      })
      entry.resume()
      continue
    }
    const { sha256, faults, pointer, head } = await readContent(entry as AsyncIterable<Buffer>)
    const attributes = findAttributeFault(path, head)
    if (attributes !== null) findings.push({ path: printable(path), ...attributes })
    findings.push(
      ...faults.map((found) => ({
        path,
        ...found,
        ...(found.rule === 'large-file-pointer' && pointer !== null ? { id: pointer } : {}),
      })),
    )
    entries.push(makeEntry(path, type, header, sha256))
  }
  await piped
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
/** Characters of the beginning of a file that are kept for rules that need more than a pattern. */
const HEAD = 64 * 1024

async function readContent(content: AsyncIterable<Buffer>) {
  const hash = createHash('sha256')
  const met = new Set<ContentRule>()
  let tail = ''
  let start = true
  let head = ''
  for await (const chunk of content) {
    hash.update(chunk)
    const text = tail + chunk.toString('latin1')
    if (mayHoldSecret(text, start))
      for (const rule of contentRules)
        if (!met.has(rule) && (start || !rule.atStart) && rule.pattern.test(text)) met.add(rule)
    if (head.length < HEAD) head = (head + chunk.toString('utf8')).slice(0, HEAD)
    tail = text.slice(-OVERLAP)
    start = false
  }
  const faults = contentRules.flatMap((rule) =>
    met.has(rule) ? [{ rule: rule.rule, why: rule.why, severity: rule.severity }] : [],
  )
  return {
    sha256: hash.digest('hex'),
    faults,
    pointer: /^oid sha256:([0-9a-f]{64})$/m.exec(head.slice(0, 1024))?.[1] ?? null,
    head,
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

// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be printed
const printable = (path: string) => path.replace(/[\x00-\x1f\x7f]/g, '?')
