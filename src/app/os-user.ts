import { userInfo } from 'node:os'

/** Returns the user name of this process, or `uid:<n>` where the operating system knows none. */
export function osUser(): string {
  try {
    return userInfo().username
  } catch {
    return `uid:${process.getuid?.() ?? 'unknown'}`
  }
}
