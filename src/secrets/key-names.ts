/**
 * Which keys of a JSON value name a secret. Cutter keeps names of secrets, never secrets: a key that would hold a secret is refused by its
 * path, whatever its value is. A key is split into words (camelCase, snake_case, kebab-case), so that `tokenCount`, `author` and
 * `readerUrlEnv` are no secrets.
 */

/** A word, or the end of a compound such as PGPASSWORD. */
const SECRET = [
  'password|passwd|passwort|passphrase|passcode|secret|token|credential|dsn|jwt|bearer',
  'apikey|accesskey|privatekey|secretkey|encryptionkey|authkey|connectionstring|dbpass|userpass',
].join('|')
const SECRET_WORD = new RegExp(`(?:${SECRET})s?$`)
/** Names of secrets that also occur inside other words, and so count only as complete words. */
const WHOLE_WORDS = new Set(['pwd', 'pwds', 'creds'])
/** These name a secret only as the last word: `basicAuth`, but not `authMode`. */
const LAST_WORDS = new Set(['auth', 'authorization'])
/** Last words of keys that describe a secret without being it. */
const ABOUT = new Set(
  (
    'env count counts limit limits name names id ids kind type mode method policy length size max min at days hours ' +
    'minutes seconds expiry expires rotation rotated file path url uri endpoint required version digest'
  ).split(' '),
)

/** The path of the first key that names a secret, e.g. `input.targets[0].password`; null when there is none. */
export function findSecretKey(value: unknown, path: string): string | null {
  if (value === null || typeof value !== 'object') return null
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const found = findSecretKey(item, `${path}[${index}]`)
      if (found !== null) return found
    }
    return null
  }
  for (const [key, item] of Object.entries(value)) {
    const here = jsonPathTo(path, key)
    if (TABLE.test(key) && isCounts(item)) continue
    if (namesSecret(key, item)) return here
    const found = findSecretKey(item, here)
    if (found !== null) return found
  }
  return null
}

/**
 * The path of a key below `path`, as messages name it: `input.url`, or `input["my url"]` where the key is not a plain word. An empty `path`
 * is the root.
 */
export const jsonPathTo = (path: string, key: string) =>
  /^[\w-]+$/.test(key) ? (path === '' ? key : `${path}.${key}`) : `${path}[${JSON.stringify(key)}]`

const TABLE = /^\w+\.\w+$/
/** The modes of locks on tables, by which a plan says what a statement does to each: https://www.postgresql.org/docs/current/explicit-locking.html */
const LOCK_MODE = /^(?:Access|Row|Share|Update|Exclusive)+Lock$/
/** Such as numbers of rows by outcome, or by the column that changed. */
const isCounts = (value: unknown) =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((item) => typeof item === 'number')

/**
 * Whether a key with this value holds a secret. A boolean never does, and a number under a plural is a count: `tokens: 812`. Under the name
 * of a table (`public.api_tokens`) the keys of the value decide, and the mode of a lock is none.
 */
export function namesSecret(key: string, value: unknown): boolean {
  if (TABLE.test(key) && typeof value === 'object' && value !== null && !Array.isArray(value)) return false
  if (TABLE.test(key) && typeof value === 'string' && LOCK_MODE.test(value)) return false
  const verdict = verdictOn(key)
  if (verdict === 'no' || typeof value === 'boolean') return false
  return verdict === 'secret' || typeof value !== 'number'
}

type Verdict = 'no' | 'secret' | 'several'

// Every step of a run has the same few keys.
const verdicts = new Map<string, Verdict>()

function verdictOn(key: string): Verdict {
  const known = verdicts.get(key)
  if (known !== undefined) return known
  if (verdicts.size > 2_000) verdicts.clear()
  const verdict = read(key)
  verdicts.set(key, verdict)
  return verdict
}

function read(key: string): Verdict {
  const words = wordsOf(key)
  const last = words.at(-1)
  if (last === undefined || (words.length > 1 && ABOUT.has(last))) return 'no'
  if (LAST_WORDS.has(last)) return 'secret'
  const secrets = words.filter(
    (word, index) => isSecret(word) || (index > 0 && SECRET_WORD.test(words[index - 1]! + word)),
  )
  if (secrets.length === 0) return 'no'
  return secrets.every((word) => word.endsWith('s')) ? 'several' : 'secret'
}

const isSecret = (word: string) => WHOLE_WORDS.has(word) || SECRET_WORD.test(word)

/** The words of a key without their final digits: `password2` names a secret too. */
function wordsOf(key: string): string[] {
  return key
    .normalize('NFKC')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .map((word) => word.replace(/\d+$/, ''))
    .filter((word) => word !== '')
}
