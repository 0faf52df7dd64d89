import { jsonPathTo } from './key-names.ts'

/**
 * Patterns of secrets. The time of every pattern grows linearly with the text, because texts come from outside.
 */

export const REDACTED = '[redacted]'

interface Form {
  what: string
  pattern: RegExp
  /** Each match has one of these. Looking for them costs less than the pattern, and most texts have none. */
  holds?: string[]
  /** The replacement of a match; REDACTED by default. */
  instead?: string
}

const NAMES =
  'password|passwd|passwort|passphrase|pwd|secret|token|dsn|api[_-]?key|access[_-]?key|private[_-]?key|secret[_-]?key'

const BY_NAME = 'a password or a token by its name'

const FORMS: Form[] = [
  {
    what: 'a private key',
    pattern:
      /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]{0,20000}-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\]{0,20000})/g,
    holds: ['-----BEGIN '],
  },
  {
    what: 'a private key',
    pattern: /PuTTY-User-Key-File-\d[\s\S]*/g,
    holds: ['PuTTY-User-Key-File-'],
  },
  {
    what: 'a URL with a password',
    // A name or a password may hold a character that should have been encoded. So all before the last @ is taken. A URL that was taken for a path has lost a slash.
    pattern:
      /(\bpostgres(?:ql)?:\/\/?[^\s:"]{0,256}:)(?!\[redacted\]@|\$\{?[A-Z_][A-Z0-9_]*\}?@)[^\s"]{1,512}@/gi,
    holds: ['@'],
    instead: `$1${REDACTED}@`,
  },
  {
    what: 'a URL with a password',
    // A port before a path with an @ is not a password.
    pattern:
      /(:\/\/?[^\s:/?#"]{0,256}:)(?!\d{1,5}(?:[/?#\s]|$)|\[redacted\]@|\$\{?[A-Z_][A-Z0-9_]*\}?@)[^\s"]{1,512}@/g,
    holds: ['@'],
    instead: `$1${REDACTED}@`,
  },
  {
    what: BY_NAME,
    pattern: new RegExp(
      `((?:${NAMES})["']?\\s{0,8}[=:]\\s{0,8})(?!"\\[redacted|["']\\$\\{?[A-Z_][A-Z0-9_]*\\}?["'])("(?:[^"\\\\]|\\\\.){1,4096}"|'(?:[^'\\\\]|\\\\.){1,4096}')`,
      'gi',
    ),
    holds: ['"', "'"],
    instead: `$1"${REDACTED}"`,
  },
  {
    what: BY_NAME,
    // A variable of a shell names a secret and is not one.
    pattern: new RegExp(
      `((?:${NAMES})["']?\\s{0,8}=\\s{0,8})(?!\\[redacted|\\$\\{?[A-Z_][A-Z0-9_]*\\}?(?:[\\s"';]|$))[^\\s"]{1,4096}`,
      'gi',
    ),
    holds: ['='],
    instead: `$1${REDACTED}`,
  },
  {
    what: 'a header with credentials',
    pattern: /\b(bearer|basic)\s{1,8}(?=[A-Za-z._~+/=-]{0,200}\d)[A-Za-z0-9._~+/=-]{16,}/gi,
    instead: `$1 ${REDACTED}`,
  },
  { what: 'a token of Cutter', pattern: /\b(?:ctk_)[A-Za-z0-9_-]{43}/g, holds: ['ctk_'] },
  { what: 'an AWS key', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, holds: ['AKIA', 'ASIA'] },
  {
    what: 'a GitHub token',
    pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})/g,
    holds: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'],
  },
  { what: 'a GitLab token', pattern: /\bglpat-[A-Za-z0-9_-]{16,}/g, holds: ['glpat-'] },
  { what: 'a Slack token', pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g, holds: ['xox'] },
  {
    what: 'a Slack webhook',
    pattern: /\bhooks\.slack\.com\/services\/[A-Za-z0-9/]{16,}/g,
    holds: ['hooks.slack.com/services/'],
  },
  { what: 'a Google key', pattern: /\bAIza[0-9A-Za-z_-]{35}/g, holds: ['AIza'] },
  { what: 'an npm token', pattern: /\bnpm_[A-Za-z0-9]{30,}/g, holds: ['npm_'] },
  {
    what: 'a secret key',
    pattern: /\b[rs]k[-_](?:live|test|ant|proj)[-_][A-Za-z0-9_-]{16,}/g,
    holds: ['k-', 'k_'],
  },
  {
    what: 'a JSON Web Token',
    pattern: /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*/g,
    holds: ['.eyJ'],
  },
]

const mayMatch = ({ holds }: Form, text: string) => holds?.some((part) => text.includes(part)) ?? true
const matches = (form: Form, text: string) => mayMatch(form, text) && text.search(form.pattern) >= 0

/** The kind of the first secret in a text, in words without the text itself; null when no pattern matches. */
export function findSecretForm(text: string): string | null {
  return FORMS.find((form) => matches(form, text))?.what ?? null
}

/** The same without the patterns by name, because `token = 'x'` is common in SQL and in laws. */
export function findSecretToken(text: string): string | null {
  return FORMS.find((form) => form.what !== BY_NAME && matches(form, text))?.what ?? null
}

/** The text with each match of a pattern redacted. A second call changes nothing. */
export function redactSecretForms(text: string): string {
  return FORMS.reduce(
    (now, form) => (mayMatch(form, now) ? now.replace(form.pattern, form.instead ?? REDACTED) : now),
    text,
  )
}

/** The path of the first text of a value that a pattern matches, and the kind of the secret; null when there is none. */
export function locateSecretForm(
  value: unknown,
  path: string,
  find: (text: string) => string | null = findSecretForm,
): { path: string; what: string } | null {
  if (typeof value === 'string') {
    const what = find(value)
    return what === null ? null : { path, what }
  }
  if (value === null || typeof value !== 'object') return null
  for (const [key, item] of Object.entries(value)) {
    const found = locateSecretForm(
      item,
      Array.isArray(value) ? `${path}[${key}]` : jsonPathTo(path, key),
      find,
    )
    if (found !== null) return found
  }
  return null
}
