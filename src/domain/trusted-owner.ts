/**
 * Tells whether what a file holds may decide for a process: it belongs to root, to the process's own user, or, for root under sudo, to the
 * user who called sudo. These are the rules of git's safe.directory; there root is trusted by root only.
 * @param owner user id of the file's owner
 * @param uid user id of the process; undefined on Windows, where files have no such owner
 */
export function isTrustedOwner(
  owner: number,
  uid: number | undefined,
  { SUDO_UID }: { SUDO_UID?: string | undefined },
): boolean {
  if (uid === undefined || owner === 0 || owner === uid) return true
  return uid === 0 && /^\d+$/.test(SUDO_UID ?? '') && owner === Number(SUDO_UID)
}
