import { createHash, randomBytes } from 'node:crypto'
import { CutterError } from '../../domain/errors.ts'

/** How long a session lives at most, in milliseconds. */
const LIFE_MS = 12 * 3_600_000
/** How long a sign-in code counts, in milliseconds. It counts once. */
const CODE_LIFE_MS = 5 * 60_000
/** More sessions than this end the oldest one, so that nobody fills the memory. */
const MAX_SESSIONS = 1_000

/**
 * What a browser keeps of its session. The cookie alone is not enough: browsers send cookies of a host to all ports of that host, so another
 * program on the same computer could read it. Only pages of the service's own origin can read the guard.
 */
export interface SessionSecrets {
  cookie: string
  guard: string
}

interface Session {
  /** The token for which the session stands, as the header `Authorization`. */
  authorization: string
  guardDigest: string
  until: number
}

/** Sessions of browsers, in memory: when the process ends, people sign in again. */
export interface Sessions {
  /** Opens a session for a caller who has shown this header `Authorization`. It ends with the token, and after twelve hours. */
  open(authorization: string): SessionSecrets
  /** The header `Authorization` for which a session stands; null when there is no such session. */
  find(secrets: SessionSecrets): string | null
  end(secrets: SessionSecrets): void
  /** Makes a code that can be exchanged for the token once, within five minutes. */
  makeCode(token: string): string
  /**
   * The token of a code, which then counts no more.
   * @throws TOKEN_REFUSED
   */
  takeCode(code: string): string
}

/** @param now milliseconds since 1970 */
export function createSessions(now: () => number): Sessions {
  const sessions = new Map<string, Session>()
  const codes = new Map<string, { token: string; until: number }>()
  const live = ({ cookie, guard }: SessionSecrets) => {
    const session = sessions.get(digest(cookie))
    if (session === undefined || session.guardDigest !== digest(guard)) return null
    if (session.until > now()) return session
    sessions.delete(digest(cookie))
    return null
  }
  return {
    open(authorization) {
      const secrets = { cookie: secret(), guard: secret() }
      sessions.set(digest(secrets.cookie), {
        authorization,
        guardDigest: digest(secrets.guard),
        until: now() + LIFE_MS,
      })
      const [oldest] = sessions.keys()
      if (sessions.size > MAX_SESSIONS && oldest !== undefined) sessions.delete(oldest)
      return secrets
    },
    find: (secrets) => live(secrets)?.authorization ?? null,
    end(secrets) {
      if (live(secrets) !== null) sessions.delete(digest(secrets.cookie))
    },
    makeCode(token) {
      const code = secret()
      codes.set(digest(code), { token, until: now() + CODE_LIFE_MS })
      return code
    },
    takeCode(code) {
      const kept = codes.get(digest(code))
      codes.delete(digest(code))
      if (kept !== undefined && kept.until > now()) return kept.token
      throw new CutterError('TOKEN_REFUSED', 'this link was used already or is too old; nothing was done', {
        next: 'sign in with a token; an admin makes one in the home of this service: cutter token create --home <that folder>',
      })
    },
  }
}

const secret = () => randomBytes(32).toString('base64url')
/** 256 random bits need no salt, and a table of digests answers in a time that tells nothing of the secret. */
const digest = (text: string) => createHash('sha256').update(text).digest('hex')
