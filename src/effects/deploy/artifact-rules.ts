import type { ArtifactFinding } from './artifact-entry.ts'

/** The rules for what an artifact must not hold, by name and by content. */

type Fault = Pick<ArtifactFinding, 'rule' | 'severity' | 'why' | 'fixed'>

const refused = (rule: ArtifactFinding['rule'], why: string): Fault => ({ rule, severity: 'refused', why })

const never = (rule: ArtifactFinding['rule'], why: string): Fault => ({ ...refused(rule, why), fixed: true })

const SECRET_NAMES: [RegExp, string][] = [
  [/^\.env(\.(?!example$|sample$|template$|dist$).+)?$/, 'is a file of environment variables'],
  [/^id_(rsa|dsa|ecdsa|ed25519)(_sk)?$/, 'has the name of a private key'],
  [/\.(p12|pfx|jks|keystore|kdbx|ppk)$/i, 'is a key store'],
  [/^(\.netrc|_netrc|\.pgpass|\.htpasswd|\.git-credentials|\.vault-token)$/, 'is a file of passwords'],
]
const SECRET_PATHS = /(^|\/)(\.aws\/credentials|\.docker\/config\.json|\.kube\/config|\.ssh\/[^/]+)$/
const CACHE_PARTS = new Set([
  '__pycache__',
  '.pytest_cache',
  '.mypy_cache',
  '.ruff_cache',
  '.tox',
  '.venv',
  'node_modules',
  '.cache',
  '.gradle',
  '.terraform',
])
const CACHE_NAMES = /^(\.DS_Store|Thumbs\.db|.*\.py[co]|.*\.sw[po])$/

/** The outermost folder of a path that is a cache. Null for none. */
export function findCacheFolder(path: string): string | null {
  const parts = path.split('/')
  const at = parts.findIndex((part) => CACHE_PARTS.has(part))
  return at === -1 ? null : parts.slice(0, at + 1).join('/')
}

/** Why a path can't be part of an artifact. Null where it can. */
export function findNameFault(path: string): Fault | null {
  const parts = path.split('/')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are refused
  if (/[\x00-\x1f\x7f]/.test(path)) return never('name', 'has a control character in its name')
  if (path.includes('\ufffd')) return never('name', 'has a name that is not UTF-8')
  if (path.startsWith('/') || parts.includes('..')) return never('name', 'leads out of the artifact')
  if (parts.some((part) => part === '' || part === '.')) return never('name', 'is not a plain path')
  if (parts.some((part) => part.toLowerCase() === '.git')) return never('git', 'is part of a git repository')
  if (path === MANIFEST_NAME) return never('name', 'has the name of the manifest that the deploy writes')
  const name = parts.at(-1)!
  const secret = SECRET_NAMES.find(([pattern]) => pattern.test(name))
  if (secret !== undefined) return refused('secret', secret[1])
  if (SECRET_PATHS.test(path)) return refused('secret', 'is where a tool keeps its secrets')
  if (findCacheFolder(path) !== null || CACHE_NAMES.test(name))
    return refused('cache', 'is a cache or an installed copy, not source')
  if (path.includes('\\')) return refused('name', 'has a backslash in its name')
  return null
}

/** The file in a target that says which run made it. */
export const MANIFEST_NAME = 'DEPLOY-MANIFEST.txt'

export interface ContentRule extends Fault {
  pattern: RegExp
  /** Whether the rule applies to the beginning of a file only. */
  atStart?: boolean
}

const token = (pattern: RegExp, whose: string): ContentRule => ({
  ...refused('secret', `seems to hold ${whose}`),
  pattern,
})

/** The forms of secrets as their makers document them. A finding names the kind of secret, and never its text. */
export const contentRules: ContentRule[] = [
  token(
    /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\\n|\s)+(?:[A-Za-z-]+: [^\n]*\s+)*[A-Za-z0-9+/=]{16}/,
    'a private key',
  ),
  token(/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/, 'an access key of AWS'),
  token(/\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b/, 'a token of GitHub'),
  token(/\bglpat-[A-Za-z0-9_-]{20,}/, 'a token of GitLab'),
  token(/\bxox[abeoprs]-[A-Za-z0-9-]{20,}/, 'a token of Slack'),
  token(/\bnpm_[A-Za-z0-9]{36}\b/, 'a token of npm'),
  token(/\bAIza[0-9A-Za-z_-]{35}\b/, 'a key of Google’s APIs'),
  token(/\b[rs]k_live_[0-9A-Za-z]{24,}/, 'a live key of Stripe'),
  token(/\bsk-(?:ant|proj)-[A-Za-z0-9_-]{32,}/, 'a key of a model’s API'),
  token(/_authToken\s*=\s*[A-Za-z0-9_-]{20,}/, 'a token of a package registry'),
  {
    rule: 'secret',
    severity: 'warn',
    why: 'holds a URL with a password in it',
    pattern:
      /\b(?:postgres(?:ql)?|mysql|mongodb(?:\+srv)?|rediss?|amqps?|https?):\/\/[^\s:@/'"]+:[^\s:@/'"]{3,}@/,
  },
  {
    ...refused('large-file-pointer', 'is a pointer of git-lfs: the file itself is not in the commit'),
    pattern: /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n/,
    atStart: true,
  },
]

/** Every text that meets a rule holds one of these, so that the rules themselves need not be tried on most texts. */
const MARKS =
  /PRIVATE KEY|A[KS]IA|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|npm_|AIza|[rs]k_live_|sk-ant-|sk-proj-|_authToken|:\/\/[^\s:@/'"]+:/

/** Whether a text may meet a rule. `start`: it is the beginning of a file. */
export const mayHoldSecret = (text: string, start: boolean): boolean =>
  MARKS.test(text) || (start && text.startsWith('version https://git-lfs'))

/** Attributes of git that `git archive` applies and Cutter does not, because what they do depends on the clone or on programs. */
const NOT_APPLIED =
  /(?:^|\s)(export-subst|ident|eol=(?:crlf|lf)|filter=\S+|working-tree-encoding=\S+|text=auto|text)(?=\s|$)/gm

/** What a `.gitattributes` asks for that the artifact lacks; null where there is nothing. */
export function findAttributeFault(path: string, text: string): Fault | null {
  if (path.split('/').at(-1) !== '.gitattributes') return null
  const lines = text.split('\n').filter((line) => !line.startsWith('#'))
  const names = [...lines.join('\n').matchAll(NOT_APPLIED)].map(([, name]) => name!)
  if (names.length === 0) return null
  const why = `asks for ${[...new Set(names)].join(', ')}, which git archive applies: the artifact holds the files as they are in the commit`
  return { rule: 'attributes', severity: 'warn', why }
}
