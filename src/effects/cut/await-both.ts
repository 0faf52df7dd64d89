/**
 * Waits for both to settle, then returns both results or throws the first failure. Nothing may still run when its phase has
 * failed.
 */
export async function awaitBoth<One, Other>(one: Promise<One>, other: Promise<Other>): Promise<[One, Other]> {
  await Promise.allSettled([one, other])
  return Promise.all([one, other])
}
